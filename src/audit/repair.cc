#include "audit/repair.h"

#include <format>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "audit/epoch_folder.h"
#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/record_head.h"
#include "audit/salt_store.h"
#include "audit/sealed_records.h"
#include "audit/tile_folder.h"
#include "audit/tile_store.h"
#include "audit/wal_directory.h"
#include "audit/wal_recovery.h"
#include "codec/checkpoint.h"

namespace glovebox::audit {

namespace {

// What the checkpoint was signed over, as it can be read.
Result<TileStore> open_sealed(const LogDirectory& directory, const LogKey& key) {
  const auto note = TRY(directory.read(kCheckpointName, codec::kMaxCheckpointBytes));
  if (!note) return TileStore::open(directory, key, 0);
  const auto sealed = codec::open_checkpoint(*note, std::span(&key.public_key, 1));
  if (!sealed)
    return Error(ErrorKind::conflict,
                 std::format("{}: {}", kCheckpointName, sealed.error().message()));
  TileStore tiles = TRY(TileStore::open(directory, key, sealed->checkpoint.tree.size));
  if (tiles.head() != sealed->checkpoint.tree)
    return Error(ErrorKind::conflict,
                 "sealed records are damaged: this cannot be repaired, move the folder away");
  return tiles;
}

// What the records that are left say of epochs.
Result<LogEpochs> read_epochs(const LogDirectory& directory, std::uint64_t sealed,
                              const std::vector<std::string>& behind) {
  LogEpochs epochs;
  RecordHeadReader heads;
  const TileFolder tiles(directory);
  SealedRecords records(tiles, sealed);
  while (const auto record = TRY(records.next()))
    TRY(epochs.take(TRY(heads.read(record->bytes)), record->bytes));
  for (const std::string& record : behind) TRY(epochs.take(TRY(heads.read(record)), record));
  return epochs;
}

}  // namespace

Result<std::optional<Repair>> accept_loss_of_log(const std::string& path, Random& random) {
  {
    // Opening to write would make a folder.
    const LogDirectory there = TRY(LogDirectory::open_to_read(path));
    if (!TRY(there.open(kKeyName, LogDirectory::Access::read)))
      return Error(ErrorKind::not_found, path + " holds no log");
  }
  const LogDirectory directory = TRY(LogDirectory::open_to_write(path));
  EpochKeyFile epoch_file(directory);
  const LogKey key = TRY(load_or_make_key(directory, "", LogIs::filled, random));
  TileStore tiles = TRY(open_sealed(directory, key));
  WalDirectory wal = TRY(WalDirectory::open(directory, path));
  const std::uint64_t sealed = tiles.size();
  std::vector<std::string> behind;
  const auto take = [&](std::span<const WalRecord> records) -> Result<void> {
    for (const WalRecord& record : records) {
      if (record.index < tiles.size()) continue;
      // Behind a hole: nothing can stand on it.
      if (record.index > tiles.size()) return {};
      TRY(tiles.take(record.bytes));
      behind.emplace_back(record.bytes);
    }
    return {};
  };
  const WalScan scan = TRY(scan_wal(wal, tiles.size(), take));
  if (!scan.damage) return std::optional<Repair>();
  const LogEpochs epochs = TRY(read_epochs(directory, sealed, behind));
  const EpochKeeper keeper =
      TRY(open_epochs(directory, epoch_file, key.public_key, epochs, random));
  // As behind every checkpoint: what it speaks of has its salts.
  SaltStore salts = TRY(SaltStore::open_to_write(
      TRY(LogDirectory::open_to_write(path + "/" + std::string(kSaltsName))), tiles.size()));
  TRY(salts.flush());
  TRY(tiles.publish([&keeper](const codec::Checkpoint& checkpoint) {
    return keeper.sign_checkpoint(checkpoint);
  }));
  return std::optional<Repair>(
      {.records = tiles.size(), .gap = TRY(accept_loss(wal, scan, tiles.size()))});
}

}  // namespace glovebox::audit
