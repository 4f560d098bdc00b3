#include "tools/line_range.h"

#include <string>

#include "support.h"

using namespace glovebox::tools;

TEST_CASE("lines of a text, at hand and streamed in any pieces") {
  const struct {
    const char* name;
    const char* text;
    LineRange range;
    const char* expected;
  } rows[] = {
      {"empty text", "", {1, 1}, ""},
      {"all", "a\nb\nc", {1, 0}, "a\nb\nc"},
      {"the first", "a\nb\nc", {1, 1}, "a"},
      {"the last", "a\nb\nc", {3, 3}, "c"},
      {"two", "a\nb\nc", {2, 3}, "b\nc"},
      {"from below one", "a\nb", {-5, 1}, "a"},
      {"behind the end", "a\nb", {3, 9}, ""},
      {"upside down", "a\nb", {2, 1}, ""},
      {"an empty last line", "a\n", {2, 2}, ""},
      {"with its newline", "a\nb\n", {1, -1}, "a\nb\n"},
      {"far", "a\nb\n", {9223372036854775807, 9223372036854775807}, ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const std::string text = row.text;
    CHECK(lines_of(text, row.range) == row.expected);
    for (std::size_t step = 1; step <= text.size() + 1; ++step) {
      LineCollector lines(row.range, 100);
      for (std::size_t at = 0; at < text.size(); at += step) {
        lines.take(std::string_view(text).substr(at, step));
      }
      CHECK(lines.text() == row.expected);
      CHECK_FALSE(lines.is_too_large());
    }
  }
}

TEST_CASE("a range that grows over the limit is given up") {
  LineCollector lines({2, 3}, 5);
  lines.take("skipped, however long it is\n12");
  CHECK_FALSE(lines.is_done());
  lines.take("34\n6");
  CHECK(lines.is_too_large());
  CHECK(lines.is_done());
  CHECK(lines.first_line() == 2);
  CHECK_FALSE(lines.is_single_line());
}
