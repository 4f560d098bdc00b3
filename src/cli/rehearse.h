// `glovebox rehearse FILE --policy P`: plays a rehearsal through a local control plane and a real
// worker under the policy, and shows what happened to each call.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

// Exit: 0 everything as expected, 1 not, 2 an invalid FILE, 78 no usable policy, else the worker's
// own code.
ExitCode run_rehearsal(const RehearseOptions& options);

}  // namespace glovebox::cli
