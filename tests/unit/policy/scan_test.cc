#include "policy/scan.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

namespace glovebox::policy {
namespace {

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

TEST_CASE("bytes that the parser must not see") {
  struct Row {
    const char* name;
    std::string text;
    Code code;
    std::uint32_t line, column;
  };
  const Row rows[] = {
      {"empty", "", Code::unreadable, 1, 1},
      {"too large", std::string(kMaxPolicyBytes + 1, '\n'), Code::unreadable, 1, 1},
      {"NUL", std::string("a = 1\n\0", 7), Code::not_text, 2, 1},
      {"escape character", "a = \"\x1b[0m\"", Code::not_text, 1, 6},
      {"delete", "# \x7f", Code::not_text, 1, 3},
      {"C1 control", "# \xC2\x9B", Code::not_text, 1, 3},
      {"right to left override", "# ok\n# \xE2\x80\xAE", Code::not_text, 2, 3},
      {"isolate", "# \xE2\x81\xA6", Code::not_text, 1, 3},
      {"zero width space", "a\xE2\x80\x8B = 1", Code::not_text, 1, 2},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "a = 1",
       Code::not_text, 1, 1},
      {"tag character", "# \xF3\xA0\x81\x81", Code::not_text, 1, 3},
      {"private character", "# \xF3\xB0\x80\x80", Code::not_text, 1, 3},
      {"last private character", "# \xF4\x8F\xBF\xBD", Code::not_text, 1, 3},
      {"private character as an escape", "a = \"\\U000F00E9\"", Code::not_text, 1, 6},
      {"and in lower case", "a = \"\\U000f00e9\"", Code::not_text, 1, 6},
      {"lone continuation", "# \x80", Code::not_text, 1, 3},
      {"cut sequence", "# \xE2\x82", Code::not_text, 1, 3},
      {"overlong", "# \xC0\xAF", Code::not_text, 1, 3},
      {"overlong of three", "# \xE0\x80\xAF", Code::not_text, 1, 3},
      {"surrogate", "# \xED\xA0\x80", Code::not_text, 1, 3},
      {"beyond Unicode", "# \xF4\x90\x80\x80", Code::not_text, 1, 3},
      {"three brackets", "a = 1\n[[[", Code::syntax, 2, 1},
      {"deep arrays", "a = " + repeated("[", 17), Code::too_deep, 1, 21},
      {"deep tables", repeated("a = {", 17), Code::too_deep, 1, 85},
      {"deep over lines", repeated("a = [\n", 17), Code::too_deep, 17, 5},
      {"long dotted key", repeated("a.", 16) + "a = 1", Code::too_deep, 1, 32},
      {"long dotted header", "[" + repeated("a.", 16) + "a]", Code::too_deep, 1, 33},
      {"long dotted key in a table", "x = { " + repeated("a.", 16) + "a = 1 }", Code::too_deep, 1,
       38},
      {"long line", "# " + std::string(kMaxLineColumns, 'x'), Code::too_deep, 1,
       kMaxLineColumns + 1},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto found = scan("file", row.text);
      REQUIRE(found);
      CHECK(found->code == row.code);
      CHECK(found->origin.file == "file");
      CHECK(found->origin.line == row.line);
      CHECK(found->origin.column == row.column);
    }
  }
}

TEST_CASE("bytes that are fine") {
  const std::string rows[] = {
      "\n",
      "a = 1\r\n\tb = 2",
      "# caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\x89",
      "a = " + repeated("[", 16) + repeated("]", 16),
      repeated("a.", 15) + "a = 1",
      "a = 1.5\nb = \"1.2.3.4.5.6.7.8.9.0.1.2.3.4.5.6.7.8.9\"",
      "a = '[[[[[[[[[[[[[[[[[[[[['  # ]]]]",
      "a = \"\\\"[[[[[[[[[[[[[[[[[[[[[\"",
      "[[bind]]\n[[bind]]",
      "# [[[[[[[[[[[[[[[[[[[[[[",
  };
  for (const std::string& row : rows) {
    DYNAMIC_SECTION(row.substr(0, 30)) {
      CHECK(!scan("file", row));
    }
  }
}

}  // namespace
}  // namespace glovebox::policy
