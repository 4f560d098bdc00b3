// Whether glovebox does its work: what is asked, and the answer in words. Pure.
//
// Alive: every role answers. Ready: the control plane accepts our polls, a box can be made, a
// record reaches the disk; each seen within its time, not assumed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.h"

namespace glovebox::roles {

constexpr Duration kPollFreshness = seconds(60);
constexpr Duration kBoxFreshness = seconds(60);

struct RoleFacts {
  std::string role;
  bool answered = false;
  std::string problem;  // in its own words
};

struct ReadinessFacts {
  Duration now{};
  bool stopping = false;
  bool full = false;  // every slot is taken: nothing is polled for, and nothing is wrong
  std::optional<Duration> last_poll;
  std::string poll_problem;
  std::optional<Duration> last_box;  // after one was tried
  std::string box_problem;
  std::vector<RoleFacts> roles;
};

// A reason each; empty: it is so.
std::vector<std::string> why_not_alive(const std::vector<RoleFacts>& roles);
std::vector<std::string> why_not_ready(const ReadinessFacts& facts);

// No box was made for so long that one has to be tried.
bool box_is_due(const ReadinessFacts& facts);

}  // namespace glovebox::roles
