// What must hold of the epochs of a log, from the public key of epoch 0 on. Pure: fed with all
// records in order, it stores nothing but where the chain stands.
//
// - Epochs are numbered from 0 without a gap, and each has one seal, an empty one too. Its kind
//   says whether the epoch is empty.
// - A seal is signed by the key of its epoch, names the key of the next, and says how many records
//   are before it and what their tree hashes to. Its time is the record's.
// - Every other record lies inside its epoch: in the run of the auditor in which the epoch began,
//   not before it by either clock, not later than kEpochLength, and there are at most
//   kMaxEpochRecords. Epoch 0 begins with the first record.
// - A checkpoint is signed by the key of the epoch that a next record would be in.
//
// So somebody who took the machine over cannot go on behind an older point of the log: the secrets
// that it needs are gone, and without a seal nothing fits there after a minute, or after a new
// start. What is left to them: the epoch that was going on, and to stop somewhere, as if the
// machine had crashed. Against that help anchors, and the tree size that somebody remembers.
//
// A clock that was set back between two epochs is counted, not refused, as in record_rules.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/epoch_seal.h"
#include "audit/record_head.h"
#include "audit/tree_builder.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::audit {

class EpochRules {
 public:
  // `epoch0`: as it was printed at enrolment, `<origin>/epoch/0`. Error: invalid (not of epoch 0 of
  // this log).
  static Result<EpochRules> make(std::string_view origin, const codec::NoteKey& epoch0);

  // The next record with its bytes. `before`: the tree of all records before it; its root is only
  // asked for at a seal. Errors: invalid (a rule is broken), denied (a seal that the key of its
  // epoch did not sign); after one of them nothing may be taken any more.
  Result<void> take(const RecordHead& record, std::string_view bytes, const TreeBuilder& before);

  // A checkpoint over exactly the records that were taken. Errors: not_found (no line of this
  // epoch's key: somebody without it signed), denied (a bad one, or one of another epoch).
  Result<void> check_checkpoint(const codec::Note& note) const;

  std::uint64_t number() const { return number_; }  // of the epoch that goes on; so many are sealed
  const std::optional<EpochSeal>& last_seal() const { return last_seal_; }
  std::uint64_t set_backs() const { return set_backs_; }

 private:
  struct Begin {
    WallTime wall;
    Duration since_boot{};
    std::string boot_id;
  };
  EpochRules(std::string_view origin, const codec::Ed25519PublicKey& key)
      : origin_(origin), key_(key) {}
  Result<void> take_seal(const RecordHead& record, std::string_view bytes,
                         const TreeBuilder& before);
  Result<void> take_other(const RecordHead& record, std::uint64_t index);

  std::string origin_;
  std::uint64_t number_ = 0;
  codec::Ed25519PublicKey key_;
  std::uint64_t first_ = 0;  // index of the epoch's first record
  std::optional<Begin> begin_;
  std::optional<EpochSeal> last_seal_;
  std::uint64_t set_backs_ = 0;
};

}  // namespace glovebox::audit
