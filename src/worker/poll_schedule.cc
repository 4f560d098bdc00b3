#include "worker/poll_schedule.h"

namespace glovebox::worker {

Duration PollSchedule::after_empty(Random& random) const {
  constexpr Duration kSpread = seconds(2);
  return seconds(1) + Duration(static_cast<std::int64_t>(
                          random.below(static_cast<std::uint64_t>(kSpread.count()) + 1)));
}

LogLevel IdleLog::empty(Duration now) {
  if (last_said_ && now - *last_said_ < seconds(300)) return LogLevel::debug;
  last_said_ = now;
  return LogLevel::info;
}

}  // namespace glovebox::worker
