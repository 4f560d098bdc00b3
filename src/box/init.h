// The first process of a box: builds its walls, runs the tool, reaps, reports, and ends the box by
// ending itself (in kill mode nothing outlives it: the kernel kills the whole pid namespace).
//
// It is the session's first process's own code after clone3, so it holds nothing but this session's
// data. Guests can neither trace it (non-dumpable, and it keeps no right that they lack) nor signal
// it (the first process of a pid namespace ignores what it does not handle).
//
// In keep mode it becomes the tool instead: background processes belong to the session's first
// process, and nothing of ours is within a guest's reach.
//
// That the tool has ended is told only when nothing that it started runs any more, so that the
// answer need not wait for this process's own end.
#pragma once

#include <cstdint>

#include "box/box_fds.h"
#include "box/guarded_name.h"
#include "box/plan.h"
#include "box/session_places.h"
#include "box/session_wire.h"

namespace glovebox::box {

struct InitWork {
  const BoxPlan& plan;
  const SessionPlaces& places;
  std::uint64_t number;  // of the box
  BoxStart start;
  GuardedNames guarded;
  BoxFds fds;
  int host_proc;  // the host's /proc; closed before anything of the guest's runs
  int keeper;     // the session's channel, for the listener of the filter; closed as well
};

// Returns the exit code of the process.
int run_init(InitWork& work);

}  // namespace glovebox::box
