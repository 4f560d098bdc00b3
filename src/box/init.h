// The first process of a box: builds its walls, runs the tool, reaps, reports, and ends the box by
// ending itself (in kill mode nothing outlives it: the kernel kills the whole pid namespace).
//
// It is the keeper's own code after clone3, so it holds nothing but this session's data. Guests can
// neither trace it (non-dumpable, another Landlock domain is not needed for that) nor signal it
// (the first process of a pid namespace ignores what it does not handle).
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "box/plan.h"
#include "box/session_places.h"

namespace glovebox::box {

// Which descriptors there are depends on the command's kind.
struct InitWork {
  const BoxPlan& plan;
  const SessionPlaces& places;
  std::string_view input;
  UniqueFd go;      // one byte once the ids are mapped; its end: the keeper is gone
  UniqueFd status;  // see init_status.h
  UniqueFd answer;  // function: the result, see init_status.h
  UniqueFd output;  // shell: stdout and stderr
  UniqueFd state_in, command, state_out;  // shell: tools/shell_state.h
  std::array<UniqueFd, 3> stdio;          // program
};

// Returns the exit code of the process.
int run_init(InitWork& work);

}  // namespace glovebox::box
