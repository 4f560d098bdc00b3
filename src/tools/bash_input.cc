#include "tools/bash_input.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace glovebox::tools {
namespace {

std::unexpected<ToolResult> refused(std::string text) {
  return std::unexpected(error_result(std::move(text)));
}

// What a timeout_ms asks for; nullopt when it is no number. Fractions are cut off.
std::optional<std::int64_t> asked_milliseconds(const codec::Json* value) {
  if (value == nullptr || value->is_null()) return 0;
  if (value->is_int()) return value->as_int();
  const std::optional<double> number = value->as_double();
  if (!number) return std::nullopt;
  constexpr double kLongest = 1e15;
  return static_cast<std::int64_t>(std::clamp(*number, 0.0, kLongest));
}

}  // namespace

std::expected<BashInput, ToolResult> bash_input(const codec::Json& input, milliseconds wall_limit) {
  BashInput bash;
  const codec::Json* restart = input.get("restart");
  if (restart != nullptr && !restart->is_null() && !restart->is_bool()) {
    return refused("bash: restart must be a boolean");
  }
  if (restart != nullptr && restart->as_bool().value_or(false)) bash.start = ShellStart::fresh;

  const codec::Json* command = input.get("command");
  if (command != nullptr && !command->is_null() && !command->is_string()) {
    return refused("bash: command must be a string");
  }
  if (const std::string* text = input.get_string("command")) bash.command = *text;
  if (bash.command.empty() && bash.start == ShellStart::carried) {
    return refused("bash: command is required");
  }
  if (bash.command.find('\0') != std::string::npos) {
    return refused("bash: command contains a NUL byte");
  }

  const auto asked = asked_milliseconds(input.get("timeout_ms"));
  if (!asked) return refused("bash: timeout_ms must be an integer");
  bash.time_limit = std::min(*asked > 0 ? milliseconds(*asked) : kBashDefaultTimeLimit, wall_limit);
  return bash;
}

ToolResult bash_restarted() {
  return text_result(std::string(kBashRestarted));
}

}  // namespace glovebox::tools
