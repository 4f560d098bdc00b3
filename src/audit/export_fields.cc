#include "audit/export_fields.h"

#include "codec/utf8.h"

namespace glovebox::audit {

std::string escaped_field(std::string_view value, std::string_view special, std::size_t most) {
  const std::string visible = codec::visible_text(value);
  std::string out;
  std::size_t room_for_mark = 0;  // the longest front that leaves room for the mark
  for (std::string_view rest = visible; !rest.empty();) {
    const codec::Utf8Step step = codec::decode_utf8(rest);
    const bool is_special = step.length == 1 && special.contains(rest.front());
    if (out.size() + step.length + (is_special ? 1 : 0) > most) {
      out.resize(room_for_mark);
      out += kCutMark;
      return out;
    }
    if (is_special) out += '\\';
    out += rest.substr(0, step.length);
    if (out.size() + kCutMark.size() <= most) room_for_mark = out.size();
    rest.remove_prefix(step.length);
  }
  return out;
}

}  // namespace glovebox::audit
