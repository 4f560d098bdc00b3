// The descriptors that a box is made with, as they travel from the keeper to the process that makes
// it.
#pragma once

#include <array>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/plan.h"

namespace glovebox::box {

// Which there are depends on the plan: `status` always, `answer` and `command` for a function,
// `output`, `told`, `state_in`, `command` and `state_out` for a shell, `stdio` for a program,
// `group` with control groups of version 2.
struct BoxFds {
  UniqueFd status;               // init_status.h
  UniqueFd answer;               // the result of a function, init_status.h
  UniqueFd output;               // stdout and stderr of a shell
  UniqueFd told;                 // what a shell tells of its status, tools/shell_state.h
  UniqueFd command;              // the call: tools/shell_state.h, or a tool's name and input
  UniqueFd state_in, state_out;  // tools/shell_state.h
  std::array<UniqueFd, 3> stdio;
  UniqueFd group;  // the folder that the box is born in

  // In the order of the members, absent ones left out; they stay this object's.
  std::vector<int> list(const BoxPlan& plan) const;
  // The other way round. Errors: protocol, when their number is not that of the plan.
  static Result<BoxFds> take(const BoxPlan& plan, std::vector<UniqueFd> fds);
};

}  // namespace glovebox::box
