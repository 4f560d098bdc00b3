#include "codec/toml_text.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/visible_ascii.h"

namespace glovebox::codec {
namespace {

TEST_CASE("no text ends its TOML string") {
  const struct {
    const char* name;
    std::string text;
    const char* string;
    const char* key;
  } rows[] = {
      {"a word", "build-2_x", "\"build-2_x\"", "build-2_x"},
      {"nothing", "", "\"\"", "\"\""},
      {"a dot", "a.b", "\"a.b\"", "\"a.b\""},
      {"a quote", "a\"b", R"("a\"b")", R"("a\"b")"},
      {"a backslash at the end", "a\\", R"("a\\")", R"("a\\")"},
      {"a line end", "a\nb = 1", R"("a\u000ab = 1")", R"("a\u000ab = 1")"},
      {"controls", std::string("\0\x1b\x7f", 3), R"("\u0000\u001b\u007f")",
       R"("\u0000\u001b\u007f")"},
      {"a bidirectional control", "\xe2\x80\xae", R"("\u202e")", R"("\u202e")"},
      {"a look-alike", "\xd0\xb0", R"("\u0430")", R"("\u0430")"},
      {"beyond the first plane", "\xf0\x9f\x94\x92", R"("\U0001f512")", R"("\U0001f512")"},
      {"no UTF-8", "a\xff", R"("a\ufffd")", R"("a\ufffd")"},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    CHECK(toml_string(row.text) == row.string);
    CHECK(toml_key(row.text) == row.key);
  }
}

TEST_CASE("visible ASCII is one line that looks like nothing else") {
  CHECK(visible_ascii("plain \"text\"") == "plain \"text\"");
  CHECK(visible_ascii("a\nb\x1b[2J") == "a<x0a>b<x1b>[2J");
  CHECK(visible_ascii("\xe2\x80\xae") == "<u202e>");
  CHECK(visible_ascii("\xd0\xb0pi") == "<u0430>pi");
  CHECK(visible_ascii("\xff") == "<xff>");
}

}  // namespace
}  // namespace glovebox::codec
