#include "codec/utf8.h"

#include <algorithm>
#include <format>
#include <iterator>

namespace glovebox::codec {

namespace {

// What may follow a lead byte (Unicode table 3-7): the number of continuation bytes and the range
// of the first one, which shuts out overlong forms, surrogates and points beyond U+10FFFF.
struct Lead {
  unsigned tail;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
};

std::optional<Lead> lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return Lead{1};
  if (byte == 0xE0) return Lead{2, 0xA0, 0xBF};
  if (byte == 0xED) return Lead{2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return Lead{2};
  if (byte == 0xF0) return Lead{3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return Lead{3};
  if (byte == 0xF4) return Lead{3, 0x80, 0x8F};
  return std::nullopt;
}

struct Range {
  char32_t first;
  char32_t last;
};

// Unicode 15 category Cf, with U+2028 and U+2029, and the unassigned rest of the tag block.
constexpr Range kFormatControls[] = {
    {0x00AD, 0x00AD},   {0x0600, 0x0605},   {0x061C, 0x061C},   {0x06DD, 0x06DD},
    {0x070F, 0x070F},   {0x0890, 0x0891},   {0x08E2, 0x08E2},   {0x180E, 0x180E},
    {0x200B, 0x200F},   {0x2028, 0x202E},   {0x2060, 0x206F},   {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x13430, 0x1343F},
    {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE007F},
};

bool stays(char32_t point, C0Controls c0) {
  if (point < 0x20)
    return c0 == C0Controls::keep ||
           (c0 == C0Controls::keep_newline_tab && (point == '\n' || point == '\t'));
  return point < 0x7F || (point >= 0xA0 && !is_format_control(point));
}

}  // namespace

Utf8Step decode_utf8(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const std::optional<Lead> lead = lead_of(first);
  if (!lead) return {std::nullopt, 1};
  char32_t point = first & (0x3Fu >> lead->tail);
  for (unsigned i = 1; i <= lead->tail; ++i) {
    if (i >= text.size()) return {std::nullopt, i};
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool fits = i == 1 ? byte >= lead->low && byte <= lead->high : (byte & 0xC0) == 0x80;
    if (!fits) return {std::nullopt, i};
    point = point << 6 | (byte & 0x3Fu);
  }
  return {point, lead->tail + 1};
}

void append_utf8(std::string& out, char32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) point = kReplacementCharacter;
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80u | (point >> shift & 0x3Fu));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0u | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0u | point >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0u | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    if (!step.point) return false;
    text.remove_prefix(step.length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    if (step.point) {
      out += text.substr(0, step.length);
    } else {
      append_utf8(out, kReplacementCharacter);
    }
    text.remove_prefix(step.length);
  }
  return out;
}

bool is_format_control(char32_t point) {
  return std::ranges::any_of(kFormatControls, [&](const Range& range) {
    return point >= range.first && point <= range.last;
  });
}

std::string visible_text(std::string_view text, C0Controls c0) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = decode_utf8(text);
    const std::string_view bytes = text.substr(0, step.length);
    text.remove_prefix(step.length);
    if (step.point && stays(*step.point, c0)) {
      out += bytes;
    } else if (step.point && *step.point >= 0x80) {
      std::format_to(std::back_inserter(out), "<u{:04x}>", static_cast<unsigned>(*step.point));
    } else {
      for (const char c : bytes)
        std::format_to(std::back_inserter(out), "<x{:02x}>", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace glovebox::codec
