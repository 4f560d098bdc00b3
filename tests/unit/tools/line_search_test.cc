#include "tools/line_search.h"

#include <string>

#include "support.h"
#include "tools/limits.h"

using namespace glovebox::tools;

using namespace std::string_literals;

namespace {

std::string hits(std::string_view pattern, const std::vector<std::string>& chunks,
                 std::uint64_t limit = 1 << 20) {
  const auto compiled = LinePattern::compile(pattern);
  REQUIRE(compiled);
  LineSearch search(*compiled, "p", limit);
  for (const std::string& chunk : chunks) {
    if (!search.is_done()) search.take(chunk);
  }
  search.finish();
  return search.hits();
}

}  // namespace

TEST_CASE("lines are found the same way whole, byte by byte and split anywhere") {
  const std::string wide = std::string(1999, 'n') + "\xf0\x9f\x98\x80";  // 2,001 UTF-16 units
  const struct {
    const char* name;
    const char* pattern;
    std::string text;
    std::string expected;
  } rows[] = {
      {"nothing", "n", "", ""},
      {"only newlines", "^$", "\n\n", "p:1:\np:2:\n"},
      {"no last line", "^$", "a\n", ""},
      {"a last line without its end", "b", "a\nb", "p:2:b\n"},
      {"several", "a|c", "a\nb\nc\n", "p:1:a\np:3:c\n"},
      {"too long", "n", std::string(2001, 'n') + "\nn\n", "p:2:n\n"},
      {"far too long", "n", std::string(9000, 'n') + "\nn\n" + std::string(9000, 'n'), "p:2:n\n"},
      {"too long in characters", "n", wide + "\nn\n", "p:2:n\n"},
      {"a NUL ends it", "n", "n1\nn2\0n3\nn4\n"s, "p:1:n1\n"},
      {"a NUL at once", "n", "\0n\n"s, ""},
      {"text anchors", "\\An", "x\nn\nxn\n", "p:2:n\n"},
      {"word boundary at the ends", "\\bn\\b", "n\nnn\n n\n", "p:1:n\np:3: n\n"},
      {"whitespace class", "a\\s", "a\nb\na b\n", "p:3:a b\n"},
      {"bytes that are no UTF-8", "n", "\xff\xfe n\n", "p:1:\xff\xfe n\n"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(hits(row.pattern, {row.text}) == row.expected);
    std::vector<std::string> bytes;
    for (const char c : row.text) bytes.emplace_back(1, c);
    CHECK(hits(row.pattern, bytes) == row.expected);
    const std::size_t step = row.text.size() > 100 ? 97 : 1;
    for (std::size_t at = 0; at <= row.text.size(); at += step) {
      CHECK(hits(row.pattern, {row.text.substr(0, at), row.text.substr(at)}) == row.expected);
    }
  }
}

TEST_CASE("a search is over when it has enough") {
  CHECK(hits("a", {"a\na\na\n"}, 6) == "p:1:a\np:2:a\n");
}

TEST_CASE("a pattern that is none is refused with its reason") {
  for (const char* pattern : {"(", "[", "*", "\\", "(?<x>a)(?<x>b)", "a{1001}"}) {
    CAPTURE(pattern);
    const auto compiled = LinePattern::compile(pattern);
    REQUIRE_FALSE(compiled);
    CHECK_FALSE(compiled.error().empty());
  }
}
