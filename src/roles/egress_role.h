// The egress role: the only process of glovebox whose sockets boxes reach.
#pragma once

#include "base/exit_code.h"
#include "roles/role_start.h"

namespace glovebox::roles {

// Serves until the supervisor says stop or is gone. It holds outbound connections and the sockets
// of boxes' networks; no file, no key of ours, and it runs nothing.
ExitCode run_egress(RoleStart start);

}  // namespace glovebox::roles
