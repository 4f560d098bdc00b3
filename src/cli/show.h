// `glovebox policy show`: what is inside the program, for reviewers.
#pragma once

#include "cli/options.h"

namespace glovebox::cli {

int run_policy_show(const PolicyShowOptions& options);

}  // namespace glovebox::cli
