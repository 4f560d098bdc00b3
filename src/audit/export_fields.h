// Fields of a line that must not grow beyond what receivers take, and whose values cannot end it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace glovebox::audit {

constexpr std::size_t kMaxFieldBytes = 255;  // of a value, escaped
constexpr std::string_view kCutMark = "...";

// A value of any origin on one line: controls, format characters and bytes that are not UTF-8
// become visible (`<x1b>`), each character of `special` gets a backslash before it. At most `most`
// bytes; what is cut ends in kCutMark.
std::string escaped_field(std::string_view value, std::string_view special,
                          std::size_t most = kMaxFieldBytes);

// A line that takes whole fields while they fit.
class CappedLine {
 public:
  CappedLine(std::string begin, std::size_t most) : line_(std::move(begin)), most_(most) {}

  // Adds all of it or nothing. `kept`: bytes that must still find room behind it.
  void add(std::string_view field, std::size_t kept = 0) {
    if (line_.size() + field.size() + kept <= most_) line_ += field;
  }
  std::string take() && { return std::move(line_); }

 private:
  std::string line_;
  std::size_t most_;
};

}  // namespace glovebox::audit
