// The canonical bytes of a JSON value (RFC 8785), for what is hashed or signed.
//
// Only values whose canonical form no two programs dispute: null, booleans, integers with
// |n| < 2^53, strings of valid UTF-8, arrays and objects. Doubles are an error. Keys are sorted by
// their UTF-16 code units. The result is one line. A verifier checks the bytes it was given; it
// never re-serialises.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

namespace glovebox::codec {

constexpr std::int64_t kMaxJcsInteger = (std::int64_t{1} << 53) - 1;

// The order of keys: by their UTF-16 code units. Both are valid UTF-8.
bool jcs_before(std::string_view a, std::string_view b);

// Errors: invalid, naming the member (`/a/0: …`).
Result<std::string> to_jcs(const Json& value);

}  // namespace glovebox::codec
