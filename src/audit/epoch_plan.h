// What has to be done about the keys of epochs, in which order: data, before anything is done.
//
// An epoch ends in three steps. The secret of the next one is stored beside the old; the seal
// becomes durable; the old secret is overwritten. Wherever a crash falls, what is stored and what
// the log says tell which step is next: until the seal is durable both secrets are there, and after
// it the new one is.
//
// A run of the auditor begins by sealing the epoch that it finds, whatever is in it, except the run
// that makes the key. So all records of an epoch but its seal are of one run.
//
// What does not fit together is refused. A log that was cut back to an older epoch cannot go on,
// because that epoch's secret is gone; there is no key that could excuse a cut.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "audit/epoch_seal.h"
#include "audit/epoch_secret.h"
#include "audit/record_head.h"
#include "base/result.h"
#include "codec/note.h"

namespace glovebox::audit {

// What the durable records of a log say of its epochs: fed with all of them, in order, while the
// log is opened. It believes them; epoch_rules.h does not.
class LogEpochs {
 public:
  // Error: conflict (a seal that cannot be read, or does not follow the one before).
  Result<void> take(const RecordHead& record, std::string_view bytes);

  std::uint64_t records() const { return records_; }
  const std::optional<EpochSeal>& last_seal() const { return last_seal_; }
  // Of the epoch that goes on.
  std::uint64_t number() const { return last_seal_ ? last_seal_->epoch + 1 : 0; }
  // Index of its first record, whether there is one yet or not.
  std::uint64_t first() const { return last_seal_ ? last_seal_->tree.size + 1 : 0; }

 private:
  std::uint64_t records_ = 0;
  std::optional<EpochSeal> last_seal_;
};

enum class EpochStep {
  make_file,   // of epoch 0, with its secret
  store_next,  // the secret of the next epoch, in the other slot
  seal,        // the record; done when it is durable
  erase_old,   // the slot of the epoch that was sealed, or what is left of it
};
std::string_view to_string(EpochStep step);

// The end of every epoch.
constexpr std::array<EpochStep, 3> kEpochEnd = {EpochStep::store_next, EpochStep::seal,
                                                EpochStep::erase_old};

// What a secret can be recognised by.
struct EpochKeyFacts {
  std::uint64_t number = 0;
  codec::Ed25519PublicKey key{};
};
struct EpochFileFacts {
  std::array<std::optional<EpochKeyFacts>, kEpochSlots> slots;
};

// The steps of a run that begins. `file`: nothing when there is none. Errors: conflict, with what
// does not fit.
Result<std::vector<EpochStep>> plan_epochs(const std::optional<EpochFileFacts>& file,
                                           const LogEpochs& log);

}  // namespace glovebox::audit
