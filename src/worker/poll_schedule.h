// When the poller asks again, and how loudly it says that there was nothing.
//
// Waits: 1–3 s after an empty answer; 1 s doubling to 60 s after an error, minus up to a quarter;
// the 60 s cap after a fatal answer, because keys are rotated under running workers.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "worker/retry_rules.h"

namespace glovebox::worker {

constexpr int kPollBlockMilliseconds = 999;
// Retries of an ack end before the item is offered to others, which is 5 s after the hand-out
// unless a poll asks for another time: ours do not.
constexpr Duration kAckWindow = seconds(4);

class PollSchedule {
 public:
  PollSchedule() : errors_(seconds(1), seconds(60)) {}

  // An answer came, with or without an item.
  void answered() { errors_.reset(); }
  Duration after_empty(Random& random) const;
  Duration after_error(Random& random) { return errors_.next(random); }
  Duration after_fatal(Random& random) const { return shortened(seconds(60), random); }

 private:
  Backoff errors_;
};

// The first empty poll is news, the next ones are not, and every 300 s a reminder is.
class IdleLog {
 public:
  LogLevel empty(Duration now);
  void claimed() { last_said_.reset(); }

 private:
  std::optional<Duration> last_said_;
};

}  // namespace glovebox::worker
