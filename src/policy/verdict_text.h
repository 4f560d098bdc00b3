// A verdict for people and for scripts.
#pragma once

#include <string>

#include "policy/decide_request.h"

namespace glovebox::policy {

std::string_view to_string(Answer answer);  // `allow`, `ask`, `deny`

// The answer with its reason, then the chain, one line each with its place.
std::string to_text(const Verdict& verdict);
// One object: answer, words, rule, trace.
std::string to_json(const Verdict& verdict, const Who& who, const Request& request);

}  // namespace glovebox::policy
