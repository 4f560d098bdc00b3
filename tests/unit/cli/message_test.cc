#include "cli/message.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

using namespace glovebox::cli;

TEST_CASE("what could steer a terminal or forge a line is made visible") {
  struct Row {
    const char* name;
    std::string_view text;
  };
  const Row rows[] = {
      {"colour", "\x1b[31mred"},
      {"window title", "\x1b]0;title\x07"},
      {"carriage return", "good\rbad"},
      {"backspace", "good\b\b\b\bevil"},
      {"delete", "a\x7f"},
      {"nul", std::string_view("a\0b", 3)},
      {"C1 control sequence", "\u009b1m"},
      {"right to left", "a\u202eb"},
      {"isolate", "a\u2066b"},
      {"not UTF-8", "a\xff\xfe"},
      {"half a character", "a\xe2\x82"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const std::string shown = visible_lines(row.text);
    CHECK(shown != row.text);
    for (const char c : shown) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    CHECK_FALSE(shown.contains("\u009b"));
    CHECK_FALSE(shown.contains("\u202e"));
    CHECK_FALSE(shown.contains("\u2066"));
    CHECK(shown.contains('\\'));
  }
}

TEST_CASE("line feeds, tabs and printable text stay as they are") {
  for (const std::string_view text :
       {"", "\n", "\n\n", "a\n", "a\nb", "\ta\tb\n\t", "glovebox: ‘ä’ 日本\nhint: x"}) {
    INFO(text);
    CHECK(visible_lines(text) == text);
  }
}

TEST_CASE("a control between line feeds leaves the lines whole") {
  CHECK(visible_lines("a\x1b\nb\x1b\n") ==
        visible_lines("a\x1b") + "\n" + visible_lines("b\x1b") + "\n");
}
