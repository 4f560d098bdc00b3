// The TCP ports that the egress rules of a profile open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <set>

#include "policy/policy.h"

namespace glovebox::policy {

// Without DNS's, which is answered in every network whatever the rules say. The error is the rule
// that goes beyond `most`, of the profile.
std::expected<std::set<std::uint16_t>, const EgressRule*> opened_ports(const Profile& profile,
                                                                       std::size_t most);

}  // namespace glovebox::policy
