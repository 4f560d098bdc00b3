#include "audit/bounded_value.h"

#include <format>
#include <string>
#include <string_view>
#include <utility>

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

class Bounds {
 public:
  Bounds(Commitments& commitments, const ValueLimits& limits)
      : commitments_(commitments), limits_(limits) {}
  Json value(const Json& value, std::size_t depth);

 private:
  Json text(const std::string& text);
  std::string key(const std::string& key, const JsonObject& taken);

  Commitments& commitments_;
  const ValueLimits& limits_;
};

Json Bounds::text(const std::string& text) {
  // What is shown of it may grow: `<x7f>` is five bytes. So both forms have to fit.
  if (text.size() <= limits_.text_bytes) {
    std::string shown = visible(text);
    if (shown.size() <= limits_.text_bytes) return shown;
  }
  Json cut = commitments_.of(text);
  cut.as_object()->set("text", visible(prefix(text, limits_.shown_bytes)));
  return cut;
}

std::string Bounds::key(const std::string& key, const JsonObject& taken) {
  std::string shown = visible(prefix(key, limits_.shown_bytes));
  if (key.size() > limits_.shown_bytes)
    shown += std::format("<c:{}>", *commitments_.of(key).get_string("c"));
  std::string unique = shown;
  for (std::size_t n = 2; taken.contains(unique); ++n) unique = std::format("{}<{}>", shown, n);
  return unique;
}

Json Bounds::value(const Json& value, std::size_t depth) {
  if (const std::string* string = value.as_string()) return text(*string);
  if (value.is_double()) return codec::to_json(value);
  if (const auto number = value.as_int()) {
    const bool fits = *number <= codec::kMaxJcsInteger && *number >= -codec::kMaxJcsInteger;
    return fits ? value : Json(codec::to_json(value));
  }
  if (!value.is_array() && !value.is_object()) return value;
  if (depth >= kMaxValueDepth) return commitments_.of(codec::to_json(value));
  if (const JsonArray* array = value.as_array()) {
    JsonArray out;
    out.reserve(array->size());
    for (const Json& element : *array) out.push_back(this->value(element, depth + 1));
    return out;
  }
  JsonObject out;
  for (const JsonObject::Member& member : *value.as_object())
    out.set(key(member.key, out), this->value(member.value, depth + 1));
  return out;
}

}  // namespace

Json bounded_value(const Json& value, Commitments& commitments, const ValueLimits& limits) {
  return Bounds(commitments, limits).value(value, 0);
}

}  // namespace glovebox::audit
