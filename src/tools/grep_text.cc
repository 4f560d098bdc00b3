#include "tools/grep_text.h"

#include <chrono>
#include <format>
#include <utility>

namespace glovebox::tools {

bool GrepText::add(std::string_view lines) {
  if (is_cut_) return false;
  const std::uint64_t room = limits_.max_grep_output - hits_.size();
  if (lines.size() > room) {
    is_cut_ = true;
    // Up to the last newline that fits; npos + 1 is nothing.
    lines = lines.substr(0, lines.substr(0, room).rfind('\n') + 1);
  }
  hits_ += lines;
  return !is_cut_;
}

ToolResult GrepText::result() const {
  if (is_timed_out_ && hits_.empty()) {
    const auto time = std::chrono::duration_cast<seconds>(limits_.grep_time);
    return error_result(std::format("grep: timed out after {}s", time.count()));
  }
  std::string text = hits_.empty() && !is_cut_ ? "no matches\n" : hits_;
  if (unreadable_ > 0) text += std::format("[{} file(s) could not be read]\n", unreadable_);
  if (is_cut_) {
    text += std::format("[output truncated at {} bytes]\n", limits_.max_grep_output);
  } else if (is_timed_out_) {
    text += std::format("[the search was cut short after {} ms]\n", limits_.grep_time.count());
  }
  text.pop_back();
  return text_result(std::move(text));
}

}  // namespace glovebox::tools
