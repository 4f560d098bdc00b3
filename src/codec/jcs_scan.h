// The members of a canonical JSON object, found without building values: for who checks many.
//
// What is taken here is exactly what to_jcs (jcs.h) writes for some object that parse_json takes.
// What is not taken may still be canonical: objects whose keys have escapes are left to the parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace glovebox::codec {

struct ScannedMember {
  std::string_view key;
  std::string_view value;  // as it stands
};

// Replaces `members` by those of the object, in order; they are views into `text`.
[[nodiscard]] bool scan_jcs_object(std::string_view text, std::vector<ScannedMember>& members);

// Of a value as it stands: a string without escapes, or an integer; nothing if it is none.
std::optional<std::string_view> plain_string(std::string_view value);
std::optional<std::int64_t> plain_integer(std::string_view value);

}  // namespace glovebox::codec
