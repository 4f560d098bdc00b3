// `glovebox doctor`: can boxes be made here, and what would they lack? Every layer is really tried,
// and one real call is run through all roles.
#pragma once

#include "cli/options.h"

namespace glovebox::cli {

// 0, or 71 when something that the policy needs is missing; 78 for a policy that cannot be used.
int run_doctor(const DoctorOptions& options);

}  // namespace glovebox::cli
