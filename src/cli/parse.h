// From the arguments of the process to the options of one command. The one place that knows every
// flag: what it takes stands in `--help`, and in no other list.
//
// Strict: an unknown flag, a flag twice, a flag without its value or with one that it does not take
// is an error. Messages name the flag, never an argument that was not understood as a value: it may
// be a key.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "cli/options.h"

namespace glovebox::cli {

// `arguments` without the program's name. Errors: invalid, with a message for the user and a hint
// on a line of its own; exit 64.
Result<Options> parse_command_line(std::span<const std::string> arguments);

}  // namespace glovebox::cli
