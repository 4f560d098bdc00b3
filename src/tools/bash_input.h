// The bash tool's input: what is asked, and for how long.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/units.h"
#include "codec/json.h"
#include "tools/result.h"

namespace glovebox::tools {

constexpr milliseconds kBashDefaultTimeLimit{120'000};
constexpr std::string_view kBashRestarted = "bash session restarted";

// What happens to the shell's carried state before the command runs.
enum class ShellStart : std::uint8_t { carried, fresh };

struct BashInput {
  std::string command;  // empty only with ShellStart::fresh: answer kBashRestarted, run nothing
  ShellStart start = ShellStart::carried;
  milliseconds time_limit = kBashDefaultTimeLimit;  // already cut to the policy's wall limit
};

// `wall_limit` is the policy's. timeout_ms absent, null, 0 or negative means the default. A command
// with a NUL byte is refused: the shell could not be given it unchanged.
std::expected<BashInput, ToolResult> bash_input(const codec::Json& input, milliseconds wall_limit);

// The answer to a restart without a command.
ToolResult bash_restarted();

}  // namespace glovebox::tools
