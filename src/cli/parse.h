// From the arguments of the process to the options of one command.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "cli/options.h"

namespace glovebox::cli {

// `arguments` without the program's name. Errors: invalid, with a message for the user; exit 64.
Result<Options> parse_command_line(std::span<const std::string> arguments);

// `250ms`, `30s`, `5m`, `2h`, or a number of seconds; more than 0 and at most a day.
Result<milliseconds> parse_duration(std::string_view text);

}  // namespace glovebox::cli
