// The boxer's process: from its start to the loop of boxer.h.
#pragma once

#include "roles/role_start.h"

namespace glovebox::roles {

// Returns the exit code.
int run_boxer(RoleStart start);

}  // namespace glovebox::roles
