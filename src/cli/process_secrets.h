// Keys that came on the command line or in the environment: taken once, then gone from what
// /proc/PID/cmdline and /proc/PID/environ show.
#pragma once

#include <span>
#include <string_view>

#include "base/secret.h"

namespace glovebox::cli {

// Overwrites the values of these flags where the kernel shows them. Whoever looked before saw them:
// a key belongs into the environment or a file.
void scrub_arguments(int argc, char** argv, std::span<const std::string_view> flags);

// The variable's value, overwritten and removed. Empty if it is not set.
Secret take_variable(const char* name);

}  // namespace glovebox::cli
