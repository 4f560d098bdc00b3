#include "codec/utf8.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("bad UTF-8 is found, and repaired as a browser does") {
  const std::string r = "\xef\xbf\xbd";
  const struct {
    const char* name;
    std::string text;
    std::string repaired;
  } rows[] = {
      {"continuation alone", "\x80", r},
      {"lead alone", "\xc3", r},
      {"overlong slash", "\xc0\xaf", r + r},
      {"overlong, three bytes", "\xe0\x80\xaf", r + r + r},
      {"surrogate", "\xed\xa0\x80", r + r + r},
      {"beyond U+10FFFF", "\xf4\x90\x80\x80", r + r + r + r},
      {"never a byte", "\xff\xfe", r + r},
      {"cut after two of three", "\xe2\x82", r},
      {"cut after three of four", "\xf0\x9f\x98", r},
      {"cut, then a letter", "\xe2\x82x", r + "x"},
      {"in the middle",
       "a\xff"
       "b",
       "a" + r + "b"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK_FALSE(is_valid_utf8(row.text));
      CHECK(replace_invalid_utf8(row.text) == row.repaired);
    }
  }
}

TEST_CASE("every code point goes there and back") {
  std::size_t wrong = 0;
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    std::string text;
    append_utf8(text, point);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    const Utf8Step step = decode_utf8(text);
    wrong += step.point != (surrogate ? kReplacementCharacter : point);
    wrong += step.length != text.size();
    wrong += !is_valid_utf8(text);
  }
  CHECK(wrong == 0);
  std::string beyond;
  append_utf8(beyond, 0x110000);
  CHECK(beyond == "\xef\xbf\xbd");
}

TEST_CASE("what could steer a display is made visible") {
  const struct {
    const char* name;
    std::string text;
    std::string shown;
  } rows[] = {
      {"escape", "\x1b[2J", "<x1b>[2J"},
      {"delete", "\x7f", "<x7f>"},
      {"C1", "\xc2\x9b", "<u009b>"},
      {"bad byte", "\xff", "<xff>"},
      {"right to left override", "\xe2\x80\xae", "<u202e>"},
      {"isolate", "\xe2\x81\xa6", "<u2066>"},
      {"zero width space", "\xe2\x80\x8b", "<u200b>"},
      {"line separator", "\xe2\x80\xa8", "<u2028>"},
      {"byte order mark", "\xef\xbb\xbf", "<ufeff>"},
      {"tag", "\xf3\xa0\x81\x81", "<ue0041>"},
      {"letters", "a\xc3\xbc\xf0\x9f\x98\x80", "a\xc3\xbc\xf0\x9f\x98\x80"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(visible_text(row.text) == row.shown);
      CHECK(is_valid_utf8(visible_text(row.text)));
      CHECK(visible_text(visible_text(row.text)) == row.shown);
    }
  }
  CHECK(visible_text("a\n\t\x01") == "a<x0a><x09><x01>");
  CHECK(visible_text("a\n\t\x01", C0Controls::keep_newline_tab) == "a\n\t<x01>");
  CHECK(visible_text("a\n\t\x01", C0Controls::keep) == "a\n\t\x01");
}
