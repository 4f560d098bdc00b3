// The values of a fault rule, read strictly. `place` names the key in the error, which is a 400.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

inline Answer<void> read_flag(const codec::Json& value, const std::string& place, bool& field) {
  if (!value.is_bool()) return invalid_request(place + ": must be a boolean");
  field = *value.as_bool();
  return {};
}

inline Answer<std::int64_t> read_number(const codec::Json& value, const std::string& place,
                                        std::int64_t least, std::int64_t most) {
  const std::optional<std::int64_t> number = value.as_int();
  if (!number || *number < least || *number > most)
    return invalid_request(place + ": must be between " + std::to_string(least) + " and " +
                           std::to_string(most));
  return *number;
}

inline Answer<std::string> read_text(const codec::Json& value, const std::string& place) {
  if (!value.is_string()) return invalid_request(place + ": must be a string");
  return *value.as_string();
}

}  // namespace glovebox::plane
