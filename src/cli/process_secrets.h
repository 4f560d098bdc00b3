// Keys that came on the command line or in the environment: taken once, then gone from what
// /proc/PID/cmdline and /proc/PID/environ show, and from what the program's own parser sees.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace glovebox::cli {

// The value of `flag` (`--flag VALUE` or `--flag=VALUE`, the last one; empty for none) among the
// arguments of the process, of which `arguments` is the part that is ours: what follows a bare `--`
// is left alone. The value is overwritten with as many x where the kernel shows it. Whoever looked
// before saw it: a key belongs into the environment or a file.
Secret take_argument(std::span<char* const> arguments, std::string_view flag);

// Variables are read here alone, and while the process has one thread. Empty if it is not set.
std::string variable(const char* name);
void set_variable(const char* name, const std::string& value);
// The variable's value, overwritten and removed. Empty if it is not set.
Secret take_variable(const char* name);

}  // namespace glovebox::cli
