#include "tools/edit.h"

#include <format>
#include <utility>

#include "tools/confined.h"
#include "tools/input.h"
#include "tools/reason.h"
#include "tools/whole_file.h"

namespace glovebox::tools {
namespace {

std::size_t occurrences(std::string_view text, std::string_view of) {
  std::size_t count = 0;
  for (std::size_t at = text.find(of); at != std::string_view::npos;
       at = text.find(of, at + of.size())) {
    ++count;
  }
  return count;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (;;) {
    const std::size_t at = text.find(from);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += to;
    text.remove_prefix(at + from.size());
  }
}

ToolResult failed(const EditInput& input, const Error& error) {
  if (error.error_number() == 0 && error.kind() == ErrorKind::invalid) {
    return error_result(std::format("edit: {} is not a regular file", input.file_path));
  }
  return failed_on("edit", input.file_path, error);
}

ToolResult too_large(const EditInput& input, std::uint64_t size, std::uint64_t limit) {
  return error_result(
      std::format("edit: {} is {} bytes, exceeds {}-byte limit. The edit tool loads the whole file "
                  "and cannot modify a file this large.",
                  input.file_path, size, limit));
}

}  // namespace

ToolResult run_edit(const codec::Json& json, const Roots& roots, const ToolLimits& limits,
                    Random& random) {
  auto input = edit_input(json);
  if (!input) return std::move(input).error();
  auto place = locate(roots, input->file_path);
  if (!place) return error_result(std::move(place).error().text);
  if (place->root->access == RootAccess::read_only) {
    return error_result(std::format("edit: {} is inside read-only directory {}", input->file_path,
                                    place->root->path));
  }
  auto file = open_file(*place);
  if (!file) return failed(*input, file.error());
  const std::uint64_t limit = limits.max_file_bytes;
  if (file->size > limit) return too_large(*input, file->size, limit);
  auto content = read_whole(file->fd.get(), limit);
  if (!content) return failed(*input, content.error());
  if (content->is_cut) return too_large(*input, limit + 1, limit);

  const std::size_t count = occurrences(content->bytes, input->old_string);
  if (count == 0) {
    return error_result(std::format("edit: old_string not found in {}", input->file_path));
  }
  if (count > 1 && input->replace_all == ReplaceAll::no) {
    return error_result(std::format("edit: old_string appears {} times in {} (must be unique)",
                                    count, input->file_path));
  }
  const std::string edited = replaced(content->bytes, input->old_string, input->new_string);
  if (auto saved = save_whole(*place, edited, random); !saved) {
    return failed_on("edit: write", input->file_path, saved.error());
  }
  return text_result(std::format("edited {} ({} replacement(s))", input->file_path, count));
}

}  // namespace glovebox::tools
