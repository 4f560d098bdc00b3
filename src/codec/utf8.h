// UTF-8 (RFC 3629): check, repair, and make invisible characters visible.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace glovebox::codec {

constexpr char32_t kReplacementCharacter = 0xFFFD;

// One step of a decoder. `point` is empty for a bad sequence; `length` is then that of the maximal
// bad subpart (Unicode ch. 3.9), at least 1.
struct Utf8Step {
  std::optional<char32_t> point;
  std::size_t length;
};

// Decodes at the start of `text`, which must not be empty.
Utf8Step decode_utf8(std::string_view text);

// Appends a Unicode scalar value; anything else is appended as U+FFFD.
void append_utf8(std::string& out, char32_t point);

bool is_valid_utf8(std::string_view text);

// Each maximal bad subpart becomes one U+FFFD, as the WHATWG decoder (Node's TextDecoder) does.
// A byte order mark stays.
std::string replace_invalid_utf8(std::string_view text);

// Line and paragraph separators, bidirectional and zero-width controls, tags and the other format
// characters (Unicode category Cf): they change how text looks without being seen.
bool is_format_control(char32_t point);

enum class C0Controls {
  show,              // every one, also newline and tab
  keep_newline_tab,  // LF and TAB stay
  keep,              // all stay: for text that a JSON writer escapes anyway
};

// Text of unknown origin for records and terminals: C0 (as asked), DEL and bytes that are not
// UTF-8 become `<x1b>`, C1 and format controls become `<u202e>`. The result is valid UTF-8.
// Not reversible (`<x1b>` may have been typed), and no help against look-alike letters.
std::string visible_text(std::string_view text, C0Controls c0 = C0Controls::show);

}  // namespace glovebox::codec
