// The five file tools by name: what the tool process of a box calls.
//
// To be called after Landlock and the seccomp filter `file` are in force: no function here starts
// a program, opens a socket or names a path outside the roots.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

enum class FileTool : std::uint8_t { read, write, edit, glob, grep };

std::optional<FileTool> file_tool_named(std::string_view name);
std::string_view to_string(FileTool tool);

struct FileToolContext {
  const Roots& roots;
  const ToolLimits& limits;
  const Clock& clock;
  Random& random;
};

ToolResult run_file_tool(FileTool tool, const codec::Json& input, const FileToolContext& context);

}  // namespace glovebox::tools
