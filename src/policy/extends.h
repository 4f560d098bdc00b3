// Whether the profiles of a policy extend each other as they may. For load.cc.
#pragma once

#include <map>
#include <string>

#include "policy/document.h"
#include "policy/policy.h"

namespace glovebox::policy {

enum class Chains { sound, broken };

// Notes undefined parents, cycles, chains that are too long, places that a chain mounts in two
// ways, and guards of chains that have no workspace to write to. With `broken` the parts cannot be
// flattened.
Chains check_extends(DocumentReader& reader, const std::map<std::string, ProfilePart>& parts);

}  // namespace glovebox::policy
