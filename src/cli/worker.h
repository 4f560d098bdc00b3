// `glovebox worker`: serves a self-hosted environment's queue; `glovebox worker run`: serves one
// item that another poller claimed. Flags and variables are those of `ant beta:worker`, and ours.
#pragma once

#include <span>
#include <string>

#include "base/exit_code.h"

namespace glovebox::cli {

// The arguments after `worker`. The values of key flags must be scrubbed from argv by the caller.
ExitCode worker_command(std::span<const std::string> arguments);

}  // namespace glovebox::cli
