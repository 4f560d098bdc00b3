// Keeps the keys of a running log: ends epochs, signs checkpoints, makes the codes of the groups of
// the write-ahead log. It is the shell of epoch_plan.h; the log itself is its owner's.
//
// How the owner uses it. Before each record it asks due(), with the time that the record will carry
// and the size of the tree; if so, it calls begin_seal() with the same time, appends the record
// that comes back as the next one with just that time, makes it durable, and calls sealed(). Only
// then may the next record be appended for which due() says yes; others may go on.
//
// All of it is for who has the only copy of the log: a second auditor would make a second chain.
// The first error is final: a log whose old secret may still be there must not go on as if it were
// not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/epoch_mac.h"
#include "audit/epoch_plan.h"
#include "audit/epoch_seal.h"
#include "audit/epoch_secret.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/checkpoint.h"
#include "codec/json.h"
#include "codec/note.h"

namespace glovebox::audit {

// The file `epoch.key` (epoch_file.h), or one in memory. What returned is on stable storage. An
// error is final.
class EpochFile {
 public:
  virtual ~EpochFile() = default;
  // All bytes; nothing when there is no file.
  virtual Result<std::optional<Secret>> read() = 0;
  // A new file: there with all of its bytes, or not at all.
  virtual Result<void> make(std::string_view bytes) = 0;
  // One slot, in its place on the device. What a crash leaves of it is any mix of old and new.
  virtual Result<void> write_slot(std::size_t slot, std::string_view bytes) = 0;
};

// Both clocks, as the record says them: `t` and `mt`.
struct RecordTime {
  WallTime wall;
  Duration since_boot{};
};

struct Seal {
  RecordKind kind;
  codec::JsonObject members;
};

// What leaves the host when a log begins.
struct Enrolment {
  codec::NoteKey epoch0;        // what the whole chain is checked with
  WalMacSeed mac_seed;          // for forensic work; to be encrypted to its readers
  std::uint64_t mac_epoch = 0;  // whose seed it is; no group is of an epoch before
};

class EpochKeeper {
 public:
  // `file` and `random` outlive the keeper. `origin`: of the log. `log`: what its durable records
  // say. Does what has to be done before the first record. Errors: conflict (epoch_plan.h), those
  // of the file, invalid (an origin that is none).
  static Result<EpochKeeper> open(EpochFile& file, std::string_view origin, const LogEpochs& log,
                                  Random& random);

  // Only while the log has no record; once. To be stored before the first one: it never comes
  // again.
  std::optional<Enrolment> take_enrolment();

  std::uint64_t number() const { return current_->number; }
  // The seal has to be the next record: the run has just begun, or the epoch is over. Epoch 0 of a
  // new log begins with the first call.
  bool due(const RecordTime& now, std::uint64_t size);

  // `before`: the tree of all records so far. The next epoch has begun when this returns. Errors:
  // conflict (the seal before is not durable yet), limit (no number is left), those of the file.
  Result<Seal> begin_seal(const codec::TreeHead& before, const RecordTime& now);
  // The seal is durable: destroys the secret of the epoch before. Errors: those of the file.
  Result<void> sealed();

  // The line of this epoch's key below a checkpoint. Error: conflict (a tree that ended before the
  // epoch began).
  Result<codec::NoteSignature> sign_checkpoint(const codec::Checkpoint& checkpoint) const;
  // The line below a checkpoint that was found. Of an earlier epoch's nothing can be said. Error:
  // conflict (none of this epoch's key, or a bad one).
  Result<void> check_checkpoint(std::string_view note) const;
  // For the next group of the write-ahead log, in order. Error: conflict (the run has not sealed
  // the epoch that it found).
  Result<codec::Sha256Digest> group_mac(const WalGroupFacts& group);

 private:
  EpochKeeper(EpochFile& file, std::string_view origin, Random& random)
      : file_(&file), origin_(origin), random_(&random) {}
  Result<void> adopt(EpochSecrets stored, const LogEpochs& log);
  Result<void> enrol(WalMacSeed seed, std::uint64_t epoch);
  Result<void> make_file();
  Result<void> store_next();
  Result<void> write_slot(std::size_t slot, std::string_view bytes);

  EpochFile* file_;
  std::string origin_;
  Random* random_;
  std::optional<EpochSecret> current_;   // always there behind open()
  std::optional<EpochSecret> next_;      // stored, before its epoch has begun
  std::optional<std::size_t> old_slot_;  // to be erased when the seal is durable
  std::uint64_t first_ = 0;              // index of the epoch's first record
  std::optional<RecordTime> opened_;     // nothing: as soon as the first record is asked for
  bool seal_first_ = false;              // the run has to begin with it
  bool poisoned_ = false;
  std::optional<GroupMacs> macs_;
  std::optional<Enrolment> enrolment_;
};

}  // namespace glovebox::audit
