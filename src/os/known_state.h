// What a process inherits from whoever started it, and must not depend on.
#pragma once

#include "base/result.h"

namespace glovebox::os {

// For the start of main, before anything is opened. Standard descriptors that are closed become
// /dev/null: else the first file that is opened takes the place, and a guest's output lands in it.
// Signals get their usual meaning and none stays blocked; only a hang-up that is ignored stays so,
// since that is what nohup asks for. New files are not for others to write (mask 022). Resource
// limits, priority and processors stay what the caller gave.
// Errors: those of open(2) for /dev/null.
Result<void> take_known_state();

}  // namespace glovebox::os
