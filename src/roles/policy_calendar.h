// A policy through time: what it is on each day.
//
// Made whole when a policy is taken, so that no call computes anything and every filter that it may
// need is compiled and proved then. It is the same on whatever day it is made, and so is a digest
// over it. What had expired by then does not come back with a clock that is set back.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/policy.h"

namespace glovebox::roles {

// Days on which something in a policy expires.
constexpr std::size_t kMaxTurns = 64;

policy::Day day_of(WallTime time);  // UTC

class PolicyCalendar {
 public:
  using OnDay = std::function<policy::Policy(const policy::Policy&, policy::Day)>;

  // Errors: limit (kMaxTurns), internal (on_day gives what does not hold on that day).
  static Result<PolicyCalendar> make(
      const policy::Policy& policy, policy::Day today,
      const OnDay& on_day = [](const policy::Policy& given, policy::Day day) {
        return given.on(day);
      });

  // On a day before `today`: as on that. The same object for all days on which nothing changes.
  const policy::Policy& on(policy::Day day) const;
  const std::vector<policy::Policy>& turns() const { return turns_; }  // all, by day; never empty

 private:
  PolicyCalendar(std::vector<policy::Policy> turns, policy::Day today)
      : turns_(std::move(turns)), today_(today) {}
  std::vector<policy::Policy> turns_;
  policy::Day today_;
};

}  // namespace glovebox::roles
