// Lines of a file that is too large to hold: collects a range from consecutive chunks and refuses
// as soon as it grows over the limit. Memory stays below the limit plus one chunk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tools/input.h"

namespace glovebox::tools {

class LineCollector {
 public:
  LineCollector(LineRange range, std::uint64_t limit);

  void take(std::string_view chunk);
  // Nothing that follows can change the answer: the range is complete, empty, or too large.
  bool is_done() const { return is_too_large_ || line_ >= end_ || end_ <= start_; }
  bool is_too_large() const { return is_too_large_; }
  bool is_single_line() const { return end_ - start_ == 1; }
  std::uint64_t first_line() const { return start_ + 1; }
  const std::string& text() const { return text_; }

 private:
  std::uint64_t start_;  // lines before the range
  std::uint64_t end_;    // lines before the first one behind the range
  std::uint64_t limit_;
  std::uint64_t line_ = 0;  // lines that are complete
  bool is_too_large_ = false;
  std::string text_;
};

// The lines of a text that is at hand. A text that ends with a newline has an empty last line.
std::string_view lines_of(std::string_view text, LineRange range);

}  // namespace glovebox::tools
