// Strict, typed reading of a tool's input object.
//
// What the official tools answer to a missing value is answered the same (`read: file_path is
// required`); a value of a wrong type, which they leave to chance, is refused by name
// (`read: file_path must be a string`). Paths with a NUL byte or of more than kMaxPathInputBytes
// are refused. Nothing in a path is expanded: `~` and `$HOME` are names.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json.h"
#include "tools/result.h"

namespace glovebox::tools {

template <class T>
using Input = std::expected<T, ToolResult>;  // the error is the answer to the model

struct LineRange {
  std::int64_t first = 1;  // from 1; less counts as 1
  std::int64_t last = 0;   // inclusive; 0 or less: to the end
  bool operator==(const LineRange&) const = default;
};

// A malformed view_range is reported only after the path was accepted (the official order).
enum class RangeInput : std::uint8_t { whole_file, lines, malformed };

struct ReadInput {
  std::string file_path;
  RangeInput range_input = RangeInput::whole_file;
  LineRange range;
};

struct WriteInput {
  std::string file_path;
  std::string content;  // missing: empty
};

enum class ReplaceAll : std::uint8_t { no, yes };

struct EditInput {
  std::string file_path;
  std::string old_string;
  std::string new_string;
  ReplaceAll replace_all = ReplaceAll::no;
};

// glob and grep. An absent or empty path is the workspace.
struct SearchInput {
  std::string pattern;
  std::string path;
};

Input<ReadInput> read_input(const codec::Json& input);
Input<WriteInput> write_input(const codec::Json& input);
Input<EditInput> edit_input(const codec::Json& input);
Input<SearchInput> glob_input(const codec::Json& input);
Input<SearchInput> grep_input(const codec::Json& input);

}  // namespace glovebox::tools
