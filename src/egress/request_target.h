// Request targets and authorities (RFC 9112 §3.2, §7.2). Whether a path can be decided on says
// policy/request_path.h, and `glovebox policy why` the same.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "egress/http_refusal.h"
#include "egress/http_site.h"

namespace glovebox::egress {

// Origin form as it is, absolute form of the same origin as origin form; anything else is 400.
std::expected<std::string, Refusal> admit_target(std::string_view target, const HttpOrigin& origin);

// `name`, `name:port`. 400 if it is no authority, 421 if it is another one.
std::optional<Refusal> check_authority(std::string_view text, const HttpOrigin& origin);

}  // namespace glovebox::egress
