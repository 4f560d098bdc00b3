#include "roles/policy_calendar.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <utility>

namespace glovebox::roles {

policy::Day day_of(WallTime time) {
  const std::chrono::sys_time<microseconds> when{microseconds(time.microseconds)};
  return std::chrono::floor<std::chrono::days>(when);
}

Result<PolicyCalendar> PolicyCalendar::make(const policy::Policy& policy, policy::Day today,
                                            const OnDay& on_day) {
  std::vector<policy::Policy> turns;
  for (policy::Day day{};;) {
    if (turns.size() >= kMaxTurns)
      return Error(ErrorKind::limit, std::format("{}: something expires on more than {} days",
                                                 policy.file, kMaxTurns - 1));
    policy::Policy turn = on_day(policy, day);
    const auto last = turn.last_day;
    if (last && *last < day)
      return Error(ErrorKind::internal, policy.file + ": a policy that holds until the day before");
    turns.push_back(std::move(turn));
    if (!last) return PolicyCalendar(std::move(turns), today);
    day = *last + std::chrono::days(1);
  }
}

const policy::Policy& PolicyCalendar::on(policy::Day day) const {
  day = std::max(day, today_);
  for (const policy::Policy& turn : turns_)
    if (!turn.last_day || day <= *turn.last_day) return turn;
  return turns_.back();
}

}  // namespace glovebox::roles
