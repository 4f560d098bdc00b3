// The log in its folder: records become durable in a write-ahead log, and from there tiles that
// everybody can read and check (C2SP tlog-tiles), under a signed checkpoint.
//
//   checkpoint   signed note over size and root      state, wal/   what is not in tiles yet
//   tile/        hashes and the records themselves   policies/     policy_archive.h
//   key          private key, 0600                   key.pub       `name+hash+base64`
//   salts/       salt_store.h
//   epoch.key    secrets of the epoch that goes on   epoch0.pub    epoch_folder.h
//
// The folder is 0700 and owned by this user, the files 0600; anything else is refused, and so is
// every symbolic link. Opening reads all of the log: each record must keep the rules
// (record_rules.h), and those that are sealed must lead to the root that was signed. What does not
// fit is ErrorKind::conflict, exit 65: nothing is repaired silently. That holds for the secrets of
// epochs too: a log that was cut back behind the end of one cannot go on. A group that a crash left
// torn was never acknowledged; it is left out and reported.
//
// A folder that was put back to an older state as a whole, with its secrets, opens like any other:
// only a checkpoint that was kept elsewhere tells.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/epoch_folder.h"
#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/record_kind.h"
#include "audit/record_rules.h"
#include "audit/record_source.h"
#include "audit/record_store.h"
#include "audit/salt_store.h"
#include "audit/tile_store.h"
#include "audit/wal_directory.h"
#include "audit/wal_writer.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/note.h"

namespace glovebox::audit {

// What opening found.
struct Recovered {
  std::uint64_t records = 0;
  std::optional<WalGap> gap;        // a loss that was accepted: the first thing to record
  WalTorn torn;                     // of the last group
  bool checkpoint_missing = false;  // there are records, and none was ever sealed
};

struct LogPlace {
  std::string directory;
  std::string origin;  // names a new key (no spaces, no `+`); an existing key keeps its own
  WalSizes sizes = {};
};

class TreeLog final : public RecordStore {
 public:
  // Called with every stored record, in order.
  using Visitor = std::function<Result<void>(const StoredRecord& record, RecordKind kind)>;

  // Opens or creates. `rules` is new, and knows all records afterwards; `clock` and `random`
  // outlive the log. Errors: conflict (exit 65), exists (another auditor), denied (owner, mode,
  // links), io, limit, out of space.
  static Result<TreeLog> open(const LogPlace& place, RecordRules& rules, const Visitor& visit,
                              const Clock& clock, Random& random);

  const Recovered& recovered() const { return recovered_; }
  const codec::NoteKey& public_key() const { return key_->public_key; }
  int folder() const { return directory_->fd(); }

  std::uint64_t size() const override { return wal_->size(); }
  bool has_room() const override;
  Result<std::optional<Seal>> begin_seal(const RecordTime& now) override;
  Result<RecordPlace> append(std::string_view record, const std::optional<Salt>& salt) override;
  Result<void> flush() override;
  Result<void> settle() override;
  Result<std::string> publish() override;
  SpaceLevel space() const override { return space_; }

  // Durable records, and those under the checkpoint.
  std::uint64_t durable() const { return wal_->durable(); }
  std::uint64_t sealed() const { return tiles_->published(); }

 private:
  TreeLog() = default;

  // Where the others point to.
  std::unique_ptr<LogDirectory> directory_;
  std::unique_ptr<LogKey> key_;
  std::unique_ptr<WalDirectory> wal_folder_;
  std::unique_ptr<EpochKeyFile> epoch_file_;
  std::optional<TileStore> tiles_;
  std::optional<WalWriter> wal_;
  std::optional<EpochKeeper> epochs_;
  std::optional<SaltStore> salts_;
  Recovered recovered_;
  std::vector<std::string> group_;    // appended, not durable
  std::vector<std::string> durable_;  // not in the tiles yet
  bool seal_in_group_ = false;
  SpaceLevel space_ = SpaceLevel::ample;
};

}  // namespace glovebox::audit
