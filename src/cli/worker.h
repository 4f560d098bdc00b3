// `glovebox worker`: serves a self-hosted environment's queue; `glovebox worker run`: serves one
// item that another poller claimed. Flags and variables are those of `ant beta:worker`, and ours.
#pragma once

#include "base/exit_code.h"
#include "base/secret.h"
#include "cli/options.h"

namespace glovebox::cli {

// Until the worker has ended. `given_key`: the environment key of the command line, empty for none.
ExitCode run_worker(const WorkerOptions& options, Secret given_key);

}  // namespace glovebox::cli
