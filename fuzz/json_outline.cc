// The outline of an object: for whatever the strict parser takes, it finds the same members.
#include "codec/json_outline.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/json.h"

using namespace glovebox::codec;

bool fuzz_accepts(std::string_view text) {
  return outline_object(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = parse_json(text);
  const auto outline = outline_object(text);
  if (outline) {
    for (const auto& member : *outline) {
      const bool inside = member.value.data() >= text.data() &&
                          member.value.data() + member.value.size() <= text.data() + text.size();
      if (!inside || member.value.empty()) __builtin_trap();
    }
  }
  if (json && json->is_array()) {
    const auto elements = outline_array(text);
    if (!elements || elements->size() != json->as_array()->size()) __builtin_trap();
  }
  if (!json || !json->is_object()) return 0;
  if (!outline || outline->size() != json->as_object()->size()) __builtin_trap();
  for (const auto& member : *outline) {
    const auto value = parse_json(member.value);
    const Json* expected = json->get(member.key);
    if (!value || expected == nullptr || *value != *expected) __builtin_trap();
  }
  return 0;
}
