// `glovebox policy diff`: what one policy permits and another does not.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

ExitCode run_policy_diff(const PolicyDiffOptions& options);

}  // namespace glovebox::cli
