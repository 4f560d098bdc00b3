#include "tools/line_range.h"

#include <algorithm>
#include <limits>

namespace glovebox::tools {
namespace {

std::uint64_t lines_before(LineRange range) {
  return range.first > 1 ? static_cast<std::uint64_t>(range.first) - 1 : 0;
}

std::uint64_t lines_through(LineRange range) {
  return range.last > 0 ? static_cast<std::uint64_t>(range.last)
                        : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

LineCollector::LineCollector(LineRange range, std::uint64_t limit)
    : start_(lines_before(range)), end_(lines_through(range)), limit_(limit) {}

void LineCollector::take(std::string_view chunk) {
  while (!chunk.empty() && !is_done()) {
    const std::size_t newline = chunk.find('\n');
    const bool is_complete = newline != std::string_view::npos;
    if (line_ >= start_) {
      text_ += chunk.substr(0, newline);
      if (is_complete && line_ + 1 < end_) text_ += '\n';
      is_too_large_ = text_.size() > limit_;
    }
    if (!is_complete) return;
    ++line_;
    chunk.remove_prefix(newline + 1);
  }
}

std::string_view lines_of(std::string_view text, LineRange range) {
  const std::uint64_t start = lines_before(range);
  const std::uint64_t end = lines_through(range);
  if (end <= start) return {};
  std::size_t at = 0;
  for (std::uint64_t line = 0; line < start; ++line) {
    at = text.find('\n', at);
    if (at == std::string_view::npos) return {};
    ++at;
  }
  std::size_t stop = at;
  for (std::uint64_t line = start; line < end; ++line) {
    stop = text.find('\n', stop);
    if (stop == std::string_view::npos) return text.substr(at);
    ++stop;
  }
  return text.substr(at, stop - 1 - at);
}

}  // namespace glovebox::tools
