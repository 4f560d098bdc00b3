#include "tools/file_tool.h"

#include <utility>

#include "tools/edit.h"
#include "tools/glob.h"
#include "tools/grep.h"
#include "tools/read.h"
#include "tools/write.h"

namespace glovebox::tools {
namespace {

constexpr std::pair<std::string_view, FileTool> kNames[] = {{"read", FileTool::read},
                                                            {"write", FileTool::write},
                                                            {"edit", FileTool::edit},
                                                            {"glob", FileTool::glob},
                                                            {"grep", FileTool::grep}};

}  // namespace

std::optional<FileTool> file_tool_named(std::string_view name) {
  for (const auto& [known, tool] : kNames) {
    if (known == name) return tool;
  }
  return std::nullopt;
}

std::string_view to_string(FileTool tool) {
  for (const auto& [name, known] : kNames) {
    if (known == tool) return name;
  }
  return "unknown";
}

ToolResult run_file_tool(FileTool tool, const codec::Json& input, const FileToolContext& context) {
  switch (tool) {
    case FileTool::read:
      return run_read(input, context.roots, context.limits);
    case FileTool::write:
      return run_write(input, context.roots, context.limits, context.random);
    case FileTool::edit:
      return run_edit(input, context.roots, context.limits, context.random);
    case FileTool::glob:
      return run_glob(input, context.roots, context.limits);
    case FileTool::grep:
      return run_grep(input, context.roots, context.limits, context.clock);
  }
  return error_result("unknown tool");
}

}  // namespace glovebox::tools
