// What must hold between the records of a log, whoever wrote it: the rules that the auditor keeps,
// checked one record after the other.
//
// - `prev` is the leaf hash of the session's record before (session_chains.h).
// - One intent for each call; a result or an orphan ends an intent of its own session, once; no
//   denial of a call that has an intent (call_index.h).
// - A run of the auditor begins with `boot`, before it only the seal of an epoch, `recovery` and
//   `gap`, and ends with `stop` or when the next one begins; its `boot` id does not come back.
// - Within a run the clock that never steps (`mt`) does not go back. The wall clock may: that is
//   counted, not refused.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "audit/call_index.h"
#include "audit/record_head.h"
#include "audit/session_chains.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

// A difference between the two clocks that changed by more than this is a step.
constexpr Duration kClockStep = seconds(1);
// About 100 MB. Beyond it a new run is refused; a new log starts anew.
constexpr std::size_t kMaxRuns = 1'000'000;

class RecordRules {
 public:
  explicit RecordRules(Random& random) : calls_(random) {}

  // The next record, with its leaf hash. Errors: invalid (it breaks a rule), limit; after one of
  // them nothing may be taken any more.
  Result<void> take(const RecordHead& record, const codec::Sha256Digest& leaf);

  const CallIndex& calls() const { return calls_; }
  const SessionChains& chains() const { return chains_; }
  std::uint64_t open_calls() const { return open_calls_; }  // intents that nothing has ended
  std::uint64_t clock_steps() const { return clock_steps_; }

 private:
  enum class Run { none, begun, going, stopped };
  Result<void> take_run(const RecordHead& record);
  Result<void> take_time(const RecordHead& record);
  Result<void> take_call(const RecordHead& record);

  CallIndex calls_;
  SessionChains chains_;
  Run run_ = Run::none;
  std::string boot_id_;
  std::set<codec::Sha256Digest> runs_;  // hashes of their ids
  Duration since_boot_{};
  std::optional<microseconds> last_offset_;  // of the wall clock from `mt`, in this run
  std::uint64_t open_calls_ = 0;
  std::uint64_t clock_steps_ = 0;
};

}  // namespace glovebox::audit
