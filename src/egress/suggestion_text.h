// Suggested rules as people read them: TOML to copy from, or JSON.
//
// In the text only whole rules are more than comments, `[[profile.NAME.egress]]` each. All of it is
// printable ASCII: what the log says of unknown origin stands in a string that it cannot end, or in
// a comment of one line.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "codec/json.h"
#include "egress/suggested_rules.h"

namespace glovebox::egress {

// `left_out`: attempts that are in none of them.
std::string suggestions_text(std::span<const Suggestion> suggestions, std::uint64_t left_out);
// An object for each: profile, host, port, kind (`rule`, `unfinished`, `none`), mode, allow,
// private, whole_host, note, beside, times, first, last; the members that do not apply are left
// out. What was left out is an object of kind `left_out` with its number of times.
codec::JsonArray suggestions_json(std::span<const Suggestion> suggestions, std::uint64_t left_out);

}  // namespace glovebox::egress
