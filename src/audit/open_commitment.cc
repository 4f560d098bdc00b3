#include "audit/open_commitment.h"

#include <cstddef>

namespace glovebox::audit {

namespace {

using codec::Json;

// RFC 6901 §4.
std::string escaped(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

void walk(const Json& value, const std::string& place, const Salt& salt, std::string_view payload,
          Opened& found) {
  if (const codec::JsonArray* array = value.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      walk((*array)[i], place + "/" + std::to_string(i), salt, payload, found);
    return;
  }
  const codec::JsonObject* object = value.as_object();
  if (object == nullptr) return;
  if (value.get_string("c") != nullptr && value.get_int("n")) {
    (salt.opens(value, payload) ? found.places : found.others).push_back(place);
    return;
  }
  for (const auto& member : *object)
    walk(member.value, place + "/" + escaped(member.key), salt, payload, found);
}

}  // namespace

Opened open_commitments(const Json& record, const Salt& salt, std::string_view payload) {
  Opened found;
  walk(record, "", salt, payload, found);
  return found;
}

}  // namespace glovebox::audit
