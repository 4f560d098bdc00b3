// The worker's process: the only one with the network and the control plane's credentials.
//
// It opens what it needs, restricts itself, says Ready and serves until the supervisor says Stop
// (calls in flight then get the drain time), or until the one item it was given is released. It
// never makes a process, a box or a record.
#pragma once

#include "base/exit_code.h"
#include "roles/role_start.h"

namespace glovebox::roles {

// Peers: "boxer", and "metrics" for the socket that they are served on. Returns what the process
// ends with; a failure was told to the supervisor.
ExitCode run_worker(RoleStart start);

}  // namespace glovebox::roles
