#include "audit/bounded_value.h"

#include <format>
#include <string>
#include <string_view>
#include <utility>

#include "codec/digest.h"
#include "codec/jcs.h"
#include "codec/utf8.h"

namespace glovebox::audit {

namespace {

using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

std::string visible(std::string_view text) {
  return codec::visible_text(text, codec::C0Controls::keep);
}

// At most `bytes` of `text`, not ending inside a character (as far as there are characters).
std::string_view prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

Json bounded_text(const std::string& text, const ValueLimits& limits) {
  // What is shown of it may grow: `<x7f>` is five bytes. So both forms have to fit.
  if (text.size() <= limits.text_bytes) {
    std::string shown = visible(text);
    if (shown.size() <= limits.text_bytes) return shown;
  }
  Json cut = commitment(text);
  cut.as_object()->set("text", visible(prefix(text, limits.shown_bytes)));
  return cut;
}

std::string bounded_key(const std::string& key, const JsonObject& taken,
                        const ValueLimits& limits) {
  std::string shown = visible(prefix(key, limits.shown_bytes));
  if (key.size() > limits.shown_bytes)
    shown += std::format("<sha256:{}>", codec::sha256(key).hex());
  std::string unique = shown;
  for (std::size_t n = 2; taken.contains(unique); ++n) unique = std::format("{}<{}>", shown, n);
  return unique;
}

Json bounded_at(const Json& value, const ValueLimits& limits, std::size_t depth) {
  if (const std::string* text = value.as_string()) return bounded_text(*text, limits);
  if (value.is_double()) return codec::to_json(value);
  if (const auto number = value.as_int()) {
    const bool fits = *number <= codec::kMaxJcsInteger && *number >= -codec::kMaxJcsInteger;
    return fits ? value : Json(codec::to_json(value));
  }
  if (!value.is_array() && !value.is_object()) return value;
  if (depth >= kMaxValueDepth) return commitment(codec::to_json(value));
  if (const JsonArray* array = value.as_array()) {
    JsonArray out;
    out.reserve(array->size());
    for (const Json& element : *array) out.push_back(bounded_at(element, limits, depth + 1));
    return out;
  }
  JsonObject out;
  for (const JsonObject::Member& member : *value.as_object())
    out.set(bounded_key(member.key, out, limits), bounded_at(member.value, limits, depth + 1));
  return out;
}

}  // namespace

Json commitment(std::string_view bytes) {
  return Json::object(
      {{"c", codec::sha256(bytes).hex()}, {"n", static_cast<std::int64_t>(bytes.size())}});
}

Json bounded_value(const Json& value, const ValueLimits& limits) {
  return bounded_at(value, limits, 0);
}

}  // namespace glovebox::audit
