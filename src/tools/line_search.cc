#include "tools/line_search.h"

#include <re2/re2.h>

#include <algorithm>
#include <format>
#include <utility>

#include "codec/utf8.h"
#include "tools/limits.h"

namespace glovebox::tools {
namespace {

// No line of more bytes has few enough characters: three bytes for one is the most.
constexpr std::size_t kMaxLineBytes = 3 * kMaxGrepLineCharacters;

bool is_too_long(std::string_view line) {
  if (line.size() <= kMaxGrepLineCharacters) return false;
  if (line.size() > kMaxLineBytes) return true;
  std::size_t units = 0;
  while (!line.empty()) {
    const codec::Utf8Step step = codec::decode_utf8(line);
    units += step.point && *step.point > 0xffff ? 2 : 1;
    line.remove_prefix(step.length);
  }
  return units > kMaxGrepLineCharacters;
}

std::uint64_t newlines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

std::unique_ptr<re2::RE2> compiled(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<re2::RE2>(pattern, options);
}

// Means the beginning or end of a line only while lines are looked at one by one.
bool is_bound_to_text(std::string_view pattern) {
  return pattern.find("\\A") != std::string_view::npos ||
         pattern.find("\\z") != std::string_view::npos ||
         pattern.find("(?") != std::string_view::npos;
}

}  // namespace

LinePattern::LinePattern(std::unique_ptr<re2::RE2> line, std::unique_ptr<re2::RE2> buffer)
    : line_(std::move(line)), buffer_(std::move(buffer)) {}
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;
LinePattern::~LinePattern() = default;

std::expected<LinePattern, std::string> LinePattern::compile(std::string_view pattern) {
  auto line = compiled(std::string(pattern));
  if (!line->ok()) return std::unexpected(line->error());
  std::unique_ptr<re2::RE2> buffer;
  if (!is_bound_to_text(pattern)) {
    buffer = compiled(std::format("(?m:{})", pattern));
    if (!buffer->ok()) buffer.reset();
  }
  return LinePattern(std::move(line), std::move(buffer));
}

bool LinePattern::matches(std::string_view line) const {
  const re2::StringPiece text(line.data(), line.size());
  return line_->Match(text, 0, line.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::size_t LinePattern::first_candidate(std::string_view lines) const {
  if (!buffer_) return 0;
  const re2::StringPiece text(lines.data(), lines.size());
  re2::StringPiece match;
  if (!buffer_->Match(text, 0, lines.size(), re2::RE2::UNANCHORED, &match, 1)) {
    return std::string_view::npos;
  }
  return static_cast<std::size_t>(match.data() - lines.data());
}

LineSearch::LineSearch(const LinePattern& pattern, std::string prefix, std::uint64_t limit)
    : pattern_(pattern), prefix_(std::move(prefix)), limit_(limit) {}

void LineSearch::take(std::string_view chunk) {
  const std::size_t nul = chunk.find('\0');
  const bool has_nul = nul != std::string_view::npos;
  chunk = chunk.substr(0, nul);
  const std::size_t newline = chunk.find('\n');
  if (newline == std::string_view::npos) {
    if (partial_.size() + chunk.size() > kMaxLineBytes) {
      skips_line_ = true;
      partial_.clear();
    } else if (!skips_line_) {
      partial_ += chunk;
    }
    is_done_ = is_done_ || has_nul;
    return;
  }
  if (!skips_line_) search_line(partial_.append(chunk.substr(0, newline)));
  ++line_number_;
  partial_.clear();
  skips_line_ = false;
  const std::size_t last = chunk.rfind('\n');
  if (last > newline) search(chunk.substr(newline + 1, last - newline));
  is_done_ = is_done_ || has_nul;
  if (!is_done_) take(chunk.substr(last + 1));
}

void LineSearch::finish() {
  if (!is_done_ && !skips_line_ && !partial_.empty()) search_line(partial_);
  is_done_ = true;
}

// `lines` ends with a newline.
void LineSearch::search(std::string_view lines) {
  // Over several lines at once an end of line would be looked for behind a CR.
  const bool has_cr = lines.find('\r') != std::string_view::npos;
  while (!lines.empty() && !is_done_) {
    const std::size_t candidate = has_cr ? 0 : pattern_.first_candidate(lines);
    if (candidate >= lines.size()) break;  // also an empty match behind the last newline
    const std::size_t before =
        candidate == 0 ? std::string_view::npos : lines.rfind('\n', candidate - 1);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    line_number_ += newlines_in(lines.substr(0, start));
    lines.remove_prefix(start);
    const std::size_t end = lines.find('\n');
    search_line(lines.substr(0, end));
    ++line_number_;
    lines.remove_prefix(end + 1);
  }
  line_number_ += newlines_in(lines);
}

void LineSearch::search_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (is_done_ || is_too_long(line) || !pattern_.matches(line)) return;
  hits_ += std::format("{}:{}:{}\n", prefix_, line_number_, line);
  is_done_ = hits_.size() > limit_;
}

}  // namespace glovebox::tools
