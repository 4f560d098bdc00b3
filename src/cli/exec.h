// `glovebox exec`: one command, or one tool call, in a box.
//
// Standard input is passed through unless it is a terminal; standard output and error are the
// command's own unless they are terminals, where controls are made visible. With --json the last
// line of standard output is a JSON object; a command's own output stands before it.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"
#include "ipc/messages.h"

namespace glovebox::cli {

// Returns what the process ends with: the command's own status, or see exit_code_of().
int run_exec(const ExecOptions& options);

// The exit code for how a call ended. `signal`: the one that we were asked to stop by, or 0.
int exit_code_of(const ipc::CallDone& done, int signal);

}  // namespace glovebox::cli
