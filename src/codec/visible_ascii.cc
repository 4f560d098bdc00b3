#include "codec/visible_ascii.h"

#include <cstdint>
#include <format>

#include "codec/utf8.h"

namespace glovebox::codec {

std::string visible_ascii(std::string_view text) {
  std::string out;
  const std::string visible = visible_text(text);
  for (std::string_view rest = visible; !rest.empty();) {
    const Utf8Step step = decode_utf8(rest);
    const char32_t point = step.point.value_or(kReplacementCharacter);
    if (point < 0x80)
      out += static_cast<char>(point);
    else
      out += std::format("<u{:04x}>", static_cast<std::uint32_t>(point));
    rest.remove_prefix(step.length);
  }
  return out;
}

}  // namespace glovebox::codec
