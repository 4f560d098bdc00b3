#include "codec/toml_text.h"

#include <algorithm>
#include <cstdint>
#include <format>

#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

}  // namespace

std::string toml_string(std::string_view text) {
  constexpr std::uint32_t kShortEscape = 0xffff;
  std::string out = "\"";
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Step step = decode_utf8(rest);
    rest.remove_prefix(step.length);
    const auto point = static_cast<std::uint32_t>(step.point.value_or(kReplacementCharacter));
    if (point == '"' || point == '\\') {
      out += '\\';
      out += static_cast<char>(point);
    } else if (point >= ' ' && point < 0x7f) {
      out += static_cast<char>(point);
    } else if (point <= kShortEscape) {
      out += std::format("\\u{:04x}", point);
    } else {
      out += std::format("\\U{:08x}", point);
    }
  }
  return out + '"';
}

std::string toml_key(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_bare)) return std::string(text);
  return toml_string(text);
}

}  // namespace glovebox::codec
