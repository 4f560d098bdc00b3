#include "policy/diagnostic.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace glovebox::policy {
namespace {

TEST_CASE("a diagnostic as text") {
  struct Row {
    const char* name;
    Diagnostic diagnostic;
    std::string source;
    std::string text;
  };
  const std::string wide(300, 'x');
  const Row rows[] = {
      {"caret under the value",
       {Code::bad_value, {"p.toml", 2, 5}, 3, "is wrong", "right it"},
       "first\na = 123\n",
       "p.toml:2:5: error GB0012: is wrong\n  a = 123\n      ^^^\n  hint: right it\n"},
      {"no hint",
       {Code::unknown_key, {"p.toml", 1, 1}, 1, "unknown", ""},
       "abc",
       "p.toml:1:1: error GB0010: unknown\n  abc\n  ^\n"},
      {"wider than the line",
       {Code::syntax, {"p.toml", 1, 2}, 99, "x", ""},
       "abc\nmore",
       "p.toml:1:2: error GB0003: x\n  abc\n   ^^\n"},
      {"behind the line",
       {Code::syntax, {"p.toml", 1, 4}, 1, "x", ""},
       "abc\n",
       "p.toml:1:4: error GB0003: x\n  abc\n     ^\n"},
      {"no such line",
       {Code::unreadable, {"p.toml", 9, 1}, 1, "x", ""},
       "abc\n",
       "p.toml:9:1: error GB0001: x\n"},
      {"far to the right",
       {Code::syntax, {"p.toml", 1, 200}, 1, "x", ""},
       wide,
       "p.toml:1:200: error GB0003: x\n"},
      {"nothing for the terminal",
       {Code::not_text, {"p.toml", 1, 1}, 1, "has \x1b[2J", ""},
       "",
       "p.toml:1:1: error GB0002: has \\x1b[2J\n"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(to_text(row.diagnostic, row.source) == row.text);
    }
  }
}

TEST_CASE("the line of a broken file does not reach the terminal as it is") {
  const std::string text =
      to_text({Code::not_text, {"p.toml", 1, 1}, 1, "x", ""}, "\x1b]52;c;evil\x07");
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\x07') == std::string::npos);
}

}  // namespace
}  // namespace glovebox::policy
