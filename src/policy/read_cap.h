// The table [cap] of a cap file. For load.cc.
#pragma once

#include <optional>

#include "policy/document.h"
#include "policy/policy.h"

namespace glovebox::policy {

// A cap that contradicts itself is an error; it comes out with @workspace and @tmp allowed where it
// does not mention them.
void read_cap(DocumentReader& reader, const Value& value, std::optional<Profile>& cap);

}  // namespace glovebox::policy
