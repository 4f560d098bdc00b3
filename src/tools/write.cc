#include "tools/write.h"

#include <format>
#include <utility>

#include "tools/confined.h"
#include "tools/input.h"
#include "tools/reason.h"
#include "tools/whole_file.h"

namespace glovebox::tools {

ToolResult run_write(const codec::Json& json, const Roots& roots, const ToolLimits&,
                     Random& random) {
  auto input = write_input(json);
  if (!input) return std::move(input).error();
  auto place = locate(roots, input->file_path);
  if (!place) return error_result(std::move(place).error().text);
  if (place->root->access == RootAccess::read_only) {
    return error_result(std::format("write: {} is inside read-only directory {}", input->file_path,
                                    place->root->path));
  }
  if (auto saved = save_whole(*place, input->content, random); !saved) {
    return failed_on("write", input->file_path, saved.error());
  }
  return text_result(std::format("wrote {} bytes to {}", input->content.size(), input->file_path));
}

}  // namespace glovebox::tools
