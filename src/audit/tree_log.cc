#include "audit/tree_log.h"

#include <format>
#include <span>
#include <utility>

#include "audit/record_head.h"
#include "audit/sealed_records.h"
#include "audit/tile_folder.h"
#include "audit/tree_builder.h"
#include "audit/wal_recovery.h"
#include "codec/checkpoint.h"

namespace glovebox::audit {

namespace {

// Records of the largest size for which has_room() speaks.
constexpr std::size_t kFewRecords = 8;
constexpr std::string_view kOlderLog = "log.jsonl";

Error damaged(std::string what) {
  return Error(ErrorKind::conflict, std::move(what));
}

// What does not keep the rules was not written by an auditor.
Error as_damage(Error error, std::uint64_t index) {
  if (error.kind() == ErrorKind::invalid)
    return damaged(std::format("record {}: {}", index, error.message()));
  return std::move(error).with_context(std::format("record {}", index));
}

// The rules and the visitor, fed with every record of the log.
class Reader {
 public:
  Reader(RecordRules& rules, LogEpochs& epochs, const TreeLog::Visitor& visit)
      : rules_(rules), epochs_(epochs), visit_(visit) {}

  Result<void> take(const StoredRecord& record, const codec::Sha256Digest& leaf) {
    const auto head = heads_.read(record.bytes);
    if (!head) return as_damage(head.error(), record.index);
    if (auto taken = rules_.take(*head, leaf); !taken)
      return as_damage(std::move(taken).error(), record.index);
    TRY(epochs_.take(*head, record.bytes));
    return visit_(record, head->kind);
  }

 private:
  RecordHeadReader heads_;
  RecordRules& rules_;
  LogEpochs& epochs_;
  const TreeLog::Visitor& visit_;
};

Result<codec::TreeHead> read_seal(const std::optional<std::string>& note, const LogKey& key) {
  if (!note) return TreeBuilder().head();
  auto opened = codec::open_checkpoint(*note, std::span(&key.public_key, 1));
  if (!opened) return damaged(std::format("{}: {}", kCheckpointName, opened.error().message()));
  return opened->checkpoint.tree;
}

Result<void> read_sealed(const LogDirectory& directory, const codec::TreeHead& sealed,
                         Reader& reader) {
  const TileFolder tiles(directory);
  SealedRecords records(tiles, sealed.size);
  TreeBuilder tree;
  for (;;) {
    auto record = records.next();
    if (!record) return as_damage(std::move(record).error(), tree.size());
    if (!*record) break;
    const codec::Sha256Digest leaf = codec::leaf_hash((*record)->bytes);
    TRY(reader.take(**record, leaf));
    (void)tree.add(leaf);
  }
  if (tree.head() != sealed)
    return damaged("the records are not those that the checkpoint was signed over");
  return {};
}

}  // namespace

Result<TreeLog> TreeLog::open(const LogPlace& place, RecordRules& rules, const Visitor& visit,
                              const Clock& clock, Random& random) {
  TreeLog log;
  log.directory_ =
      std::make_unique<LogDirectory>(TRY(LogDirectory::open_to_write(place.directory)));
  const LogDirectory& directory = *log.directory_;
  if (TRY(directory.open(kOlderLog, LogDirectory::Access::read)))
    return damaged(std::format(
        "{} is a log of an older version: move it away, a new one is begun beside it", kOlderLog));
  const auto note = TRY(directory.read(kCheckpointName, codec::kMaxCheckpointBytes));
  const bool begun = note || TRY(directory.open(kWalStateName, LogDirectory::Access::read));
  log.key_ = std::make_unique<LogKey>(
      TRY(load_or_make_key(directory, place.origin, begun ? LogIs::filled : LogIs::empty, random)));

  const codec::TreeHead sealed = TRY(read_seal(note, *log.key_));
  LogEpochs epochs;
  Reader reader(rules, epochs, visit);
  TRY(read_sealed(directory, sealed, reader));
  log.tiles_.emplace(TRY(TileStore::open(directory, *log.key_, sealed.size)));
  if (log.tiles_->head() != sealed)
    return damaged("the tiles do not lead to what the checkpoint was signed over");

  log.wal_folder_ =
      std::make_unique<WalDirectory>(TRY(WalDirectory::open(directory, place.directory)));
  const auto take_group = [&](std::span<const WalRecord> records) -> Result<void> {
    for (const WalRecord& record : records) {
      if (record.index < sealed.size) continue;
      if (record.index != log.tiles_->size())
        return damaged(
            std::format("the checkpoint is older than the write-ahead log: record {} "
                        "is in neither",
                        log.tiles_->size()));
      TRY(reader.take({record.index, record.bytes}, record.leaf));
      TRY(log.tiles_->take(record.bytes));
    }
    return {};
  };
  const WalScan scan = TRY(scan_wal(*log.wal_folder_, sealed.size, take_group));
  log.wal_.emplace(TRY(WalWriter::open(*log.wal_folder_, scan, place.sizes, clock, random)));
  if (log.tiles_->size() != log.wal_->size())
    return damaged(std::format("the write-ahead log goes on at record {}, the tiles at {}",
                               log.wal_->size(), log.tiles_->size()));
  log.epoch_file_ = std::make_unique<EpochKeyFile>(directory);
  log.epochs_ = TRY(open_epochs(directory, *log.epoch_file_, log.key_->public_key, epochs, random));
  if (note) TRY(log.epochs_->check_checkpoint(*note));
  log.salts_ = TRY(SaltStore::open_to_write(
      TRY(LogDirectory::open_to_write(place.directory + "/" + std::string(kSaltsName))),
      log.wal_->size()));
  log.recovered_ = {.records = log.wal_->size(),
                    .gap = scan.pending_gap(),
                    .torn = scan.torn,
                    .checkpoint_missing = !note && log.wal_->size() > 0};
  return log;
}

bool TreeLog::has_room() const {
  return wal_->has_room(kFewRecords * (kMaxRecordBytes + kWalFrameHead));
}

Result<std::optional<Seal>> TreeLog::begin_seal(const RecordTime& now) {
  if (!epochs_->due(now, size())) return std::nullopt;
  // The secret of the epoch before goes with its seal: first that one.
  if (seal_in_group_) TRY(flush());
  TreeBuilder tree = tiles_->tree();
  for (const auto* behind : {&durable_, &group_})
    for (const std::string& record : *behind) (void)tree.add(codec::leaf_hash(record));
  Seal seal = TRY(epochs_->begin_seal(tree.head(), now));
  seal_in_group_ = true;
  return seal;
}

Result<RecordPlace> TreeLog::append(std::string_view record, const std::optional<Salt>& salt) {
  if (salt) TRY(salts_->put(size(), *salt));
  const WalWriter::Place place = TRY(wal_->append(record));
  group_.emplace_back(record);
  return RecordPlace{.index = place.index, .leaf = place.leaf};
}

Result<void> TreeLog::flush() {
  TRY(wal_->commit());
  for (std::string& record : group_) durable_.push_back(std::move(record));
  group_.clear();
  TRY(salts_->durable(durable()));
  if (std::exchange(seal_in_group_, false)) TRY(epochs_->sealed());
  return {};
}

Result<void> TreeLog::settle() {
  for (const std::string& record : durable_) TRY(tiles_->take(record));
  durable_.clear();
  TRY(wal_->watch());
  space_ = TRY(wal_->space());
  return {};
}

Result<std::string> TreeLog::publish() {
  TRY(settle());
  TRY(salts_->flush());
  std::string note = TRY(tiles_->publish([this](const codec::Checkpoint& checkpoint) {
    return epochs_->sign_checkpoint(checkpoint);
  }));
  TRY(wal_->release(tiles_->published()));
  return note;
}

}  // namespace glovebox::audit
