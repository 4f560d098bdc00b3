// `glovebox policy why`: what becomes of one request, and why.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

ExitCode run_policy_why(const PolicyWhyOptions& options);

}  // namespace glovebox::cli
