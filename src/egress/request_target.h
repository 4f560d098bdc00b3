// Request targets and authorities (RFC 9112 §3.2, §7.2): what is admitted has one reading.
//
// The policy matches the path as it is written, segment by segment (policy/http_path.h). So
// whatever a server might read as another path is refused before: dot segments, also behind a `;`
// parameter or written with escapes, encoded slashes, dots and control bytes, backslashes, two
// slashes at the front. On the query nothing is decided; it keeps its spelling.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"

namespace glovebox::egress {

constexpr std::size_t kMaxRequestTarget = 8 * kKiB;

// Origin form as it is, absolute form of the same origin as origin form; anything else is 400.
std::expected<std::string, Refusal> admit_target(std::string_view target, const HttpOrigin& origin);

// `name`, `name:port`. 400 if it is no authority, 421 if it is another one.
std::optional<Refusal> check_authority(std::string_view text, const HttpOrigin& origin);

}  // namespace glovebox::egress
