// Ids of the plane's objects and times as the API writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "codec/json.h"

namespace glovebox::plane {

// `prefix` and 24 hexadecimal digits: `sesn_9f…`.
std::string make_id(Random& random, std::string_view prefix);

// RFC 3339 text, or null.
codec::Json time_json(const std::optional<WallTime>& time);

// RFC 3339 with `Z` or an offset, at most nine digits of a second (cut to six). Nothing if the text
// has another form or is no date.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace glovebox::plane
