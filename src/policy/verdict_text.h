// A verdict for people and for scripts.
#pragma once

#include <string>
#include <string_view>

#include "codec/json.h"
#include "policy/decide_request.h"

namespace glovebox::policy {

std::string_view to_string(Answer answer);  // `allow`, `ask`, `deny`

// The answer with its reason, then the chain, one line each with its place.
std::string to_text(const Verdict& verdict);
// One object: answer, words, rule, who asked for what, trace.
codec::JsonObject verdict_members(const Verdict& verdict, const Who& who, const Request& request);
// The same as a line.
std::string to_json(const Verdict& verdict, const Who& who, const Request& request);

}  // namespace glovebox::policy
