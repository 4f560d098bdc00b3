// `glovebox policy explain`: what one caller gets, line by line.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

ExitCode run_policy_explain(const PolicyExplainOptions& options);

}  // namespace glovebox::cli
