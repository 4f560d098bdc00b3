#include "tools/input.h"

#include <format>
#include <initializer_list>
#include <utility>

#include "tools/limits.h"

namespace glovebox::tools {
namespace {

using codec::Json;

std::unexpected<ToolResult> refused(std::string text) {
  return std::unexpected(error_result(std::move(text)));
}

// What JavaScript takes for "nothing given": the official tools test their inputs that way.
bool is_nothing(const Json* value) {
  if (value == nullptr || value->is_null()) return true;
  if (const std::string* text = value->as_string()) return text->empty();
  if (value->is_bool()) return !*value->as_bool();
  if (value->is_number()) return *value->as_number() == 0;
  return false;
}

enum class Need : std::uint8_t { required, optional };

Input<std::string> text_member(std::string_view tool, const Json& input, std::string_view name,
                               Need need) {
  const Json* value = input.get(name);
  if (need == Need::required && is_nothing(value)) {
    return refused(std::format("{}: {} is required", tool, name));
  }
  if (value == nullptr || value->is_null()) return std::string();
  const std::string* text = value->as_string();
  if (text == nullptr) return refused(std::format("{}: {} must be a string", tool, name));
  return *text;
}

Input<std::string> bounded_member(std::string_view tool, const Json& input, std::string_view name,
                                  Need need, std::size_t limit) {
  Input<std::string> text = text_member(tool, input, name, need);
  if (!text) return text;
  if (text->find('\0') != std::string::npos) {
    return refused(std::format("{}: {} contains a NUL byte", tool, name));
  }
  if (text->size() > limit) {
    return refused(std::format("{}: {} is longer than {} bytes", tool, name, limit));
  }
  return text;
}

Input<std::string> path_member(std::string_view tool, const Json& input, std::string_view name,
                               Need need) {
  return bounded_member(tool, input, name, need, kMaxPathInputBytes);
}

// Whole numbers, however they are written.
std::optional<std::int64_t> whole_number(const Json& value) {
  if (value.is_int()) return value.as_int();
  const std::optional<double> number = value.as_double();
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!number || *number < -kExact || *number > kExact) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(*number);
  if (static_cast<double>(whole) != *number) return std::nullopt;
  return whole;
}

void read_range(const Json* value, ReadInput& read) {
  if (value == nullptr || value->is_null()) return;
  const codec::JsonArray* numbers = value->as_array();
  if (numbers != nullptr && numbers->empty()) return;
  read.range_input = RangeInput::malformed;
  if (numbers == nullptr || numbers->size() != 2) return;
  const auto first = whole_number((*numbers)[0]);
  const auto last = whole_number((*numbers)[1]);
  if (!first || !last) return;
  read.range = LineRange{*first, *last};
  read.range_input = RangeInput::lines;
}

Input<SearchInput> search_input(std::string_view tool, const Json& input) {
  SearchInput search;
  auto pattern = bounded_member(tool, input, "pattern", Need::required, kMaxPatternBytes);
  if (!pattern) return std::unexpected(std::move(pattern).error());
  search.pattern = std::move(*pattern);
  if (is_nothing(input.get("path"))) return search;
  auto path = path_member(tool, input, "path", Need::optional);
  if (!path) return std::unexpected(std::move(path).error());
  search.path = std::move(*path);
  return search;
}

}  // namespace

Input<ReadInput> read_input(const Json& input) {
  ReadInput read;
  auto path = path_member("read", input, "file_path", Need::required);
  if (!path) return std::unexpected(std::move(path).error());
  read.file_path = std::move(*path);
  read_range(input.get("view_range"), read);
  return read;
}

Input<WriteInput> write_input(const Json& input) {
  WriteInput write;
  auto path = path_member("write", input, "file_path", Need::required);
  if (!path) return std::unexpected(std::move(path).error());
  write.file_path = std::move(*path);
  auto content = text_member("write", input, "content", Need::optional);
  if (!content) return std::unexpected(std::move(content).error());
  write.content = std::move(*content);
  return write;
}

Input<EditInput> edit_input(const Json& input) {
  EditInput edit;
  auto path = path_member("edit", input, "file_path", Need::required);
  if (!path) return std::unexpected(std::move(path).error());
  edit.file_path = std::move(*path);
  auto old_string = text_member("edit", input, "old_string", Need::required);
  if (!old_string) return std::unexpected(std::move(old_string).error());
  edit.old_string = std::move(*old_string);
  // Unlike the others it may be empty, so that a missing one is no deletion by accident.
  const Json* new_string = input.get("new_string");
  if (new_string == nullptr || !new_string->is_string()) {
    return refused("edit: new_string must be a string");
  }
  edit.new_string = *new_string->as_string();
  const Json* all = input.get("replace_all");
  if (all != nullptr && !all->is_null() && !all->is_bool()) {
    return refused("edit: replace_all must be a boolean");
  }
  if (all != nullptr && all->as_bool().value_or(false)) edit.replace_all = ReplaceAll::yes;
  return edit;
}

Input<SearchInput> glob_input(const Json& input) {
  return search_input("glob", input);
}
Input<SearchInput> grep_input(const Json& input) {
  return search_input("grep", input);
}

}  // namespace glovebox::tools
