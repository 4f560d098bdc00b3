// The command line from its arguments to its exit code.
#pragma once

#include <span>
#include <string>

namespace glovebox::cli {

// `arguments` without the program's name.
int run_command_line(std::span<const std::string> arguments);

}  // namespace glovebox::cli
