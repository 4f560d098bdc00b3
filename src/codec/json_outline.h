// Where the parts of a JSON object or array begin and end, without a word about what is in them.
//
// For messages of which one part may be unusable while the rest is not: each part is then read by
// itself, strictly. Strings are skipped and brackets are matched, at any depth, in linear time.
// What parse_json takes is outlined exactly; a text that is no JSON may be outlined too, but no
// part of it ever reaches into another.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::codec {

struct OutlinedMember {
  std::string key;
  std::string_view value;  // of the text that was outlined; without the space round it
};

// The members as they stand, equal keys too. Error: invalid (no object, brackets that do not
// match, a key that is no string, bytes behind it).
Result<std::vector<OutlinedMember>> outline_object(std::string_view text);
// The elements. Error: invalid.
Result<std::vector<std::string_view>> outline_array(std::string_view text);

}  // namespace glovebox::codec
