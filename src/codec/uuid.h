// Random UUIDs (RFC 9562, version 4).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace glovebox::codec {

// 36 characters in lower case, 122 random bits.
std::string uuid4(Random& random);

// The 36-character form of any version, either case.
bool is_uuid(std::string_view text);

}  // namespace glovebox::codec
