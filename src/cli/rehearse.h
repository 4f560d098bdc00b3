// `glovebox rehearse FILE --policy P`: plays a rehearsal through a local control plane and a real
// worker under the policy, and shows what happened to each call.
#pragma once

#include <span>
#include <string>

#include "base/exit_code.h"

namespace glovebox::cli {

// The arguments after `rehearse`. Exit: 0 everything as expected, 1 not, 2 an invalid FILE, 64 the
// command line, 78 no usable policy, else the worker's own code.
ExitCode rehearse_command(std::span<const std::string> arguments);

}  // namespace glovebox::cli
