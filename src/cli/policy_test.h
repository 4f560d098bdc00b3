// `glovebox policy test`: the tests that policies carry in themselves.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

ExitCode run_policy_test(const PolicyTestOptions& options);

}  // namespace glovebox::cli
