// Matching lines of one file, found as its bytes stream by. A CR before a newline belongs to the
// newline. No I/O; memory stays at one chunk plus the longest line that is shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace glovebox::tools {

// A compiled pattern; may be used by several threads at once.
class LinePattern {
 public:
  // The error is RE2's message.
  static std::expected<LinePattern, std::string> compile(std::string_view pattern);
  LinePattern(LinePattern&&) noexcept;
  LinePattern& operator=(LinePattern&&) noexcept;
  LinePattern(const LinePattern&) = delete;
  LinePattern& operator=(const LinePattern&) = delete;
  ~LinePattern();

  bool matches(std::string_view line) const;
  // Where the first matching line of `lines` may be: nothing before the line that holds this
  // position matches. npos: no line matches.
  std::size_t first_candidate(std::string_view lines) const;

 private:
  LinePattern(std::unique_ptr<re2::RE2> line, std::unique_ptr<re2::RE2> buffer);

  std::unique_ptr<re2::RE2> line_;
  std::unique_ptr<re2::RE2> buffer_;  // the same over several lines; nullptr: not possible
};

class LineSearch {
 public:
  // `prefix` and the line's number stand before each hit; at most `limit` bytes of hits are kept.
  LineSearch(const LinePattern& pattern, std::string prefix, std::uint64_t limit);

  void take(std::string_view chunk);
  void finish();  // the file is over
  // Nothing that follows can add a hit: a NUL was met, or the limit is reached.
  bool is_done() const { return is_done_; }
  // `prefix:number:text\n` for each hit. One hit may go over the limit.
  const std::string& hits() const { return hits_; }

 private:
  void search(std::string_view lines);
  void search_line(std::string_view line);

  const LinePattern& pattern_;
  std::string prefix_;
  std::uint64_t limit_;
  std::uint64_t line_number_ = 1;
  std::string partial_;      // the beginning of a line whose end has not come
  bool skips_line_ = false;  // it is too long already
  bool is_done_ = false;
  std::string hits_;
};

}  // namespace glovebox::tools
