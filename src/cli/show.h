// `glovebox policy show` and `glovebox seccomp show`: what is inside the program, for reviewers.
#pragma once

#include "cli/options.h"

namespace glovebox::cli {

int run_policy_show(const PolicyShowOptions& options);
int run_seccomp_show(const SeccompShowOptions& options);

}  // namespace glovebox::cli
