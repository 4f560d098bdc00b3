// The command line from its arguments to its exit code.
#pragma once

#include <span>
#include <string>

#include "base/secret.h"

namespace glovebox::cli {

// `arguments` without the program's name. `environment_key` is what --environment-key was given: it
// is taken out of the arguments before (process_secrets.h), so that no parser copies it.
int run_command_line(std::span<const std::string> arguments, Secret environment_key);

}  // namespace glovebox::cli
