// `glovebox config check`: whether a configuration file is one, without starting anything.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

// invalid_file with every diagnostic; unconfigured if there is no file to judge.
ExitCode run_config_check(const ConfigCheckOptions& options);

}  // namespace glovebox::cli
