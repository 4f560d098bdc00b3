// The auditor's process: from its start to the loop of auditor.h.
#pragma once

#include "roles/role_start.h"

namespace glovebox::roles {

// Returns the exit code.
int run_auditor_role(RoleStart start);

}  // namespace glovebox::roles
