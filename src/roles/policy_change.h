// What a load changes, for its record: by what the two policies permit, not by their texts.
#pragma once

#include <cstddef>
#include <string>

#include "policy/policy.h"
#include "roles/policy_source.h"

namespace glovebox::roles {

constexpr std::size_t kMaxNamedWidenings = 5;   // in a record, the gravest first
constexpr std::size_t kMaxWideningBytes = 160;  // of each

// `1 wider, 0 narrower, 2 changed; wider: limits.wall as tool bash`; `cosmetic` when the texts
// differ and nothing else does, `nothing` when they do not either. Pure. On one day: that two
// policies were loaded on different ones is no difference.
std::string change_summary(const PolicySource& before, const PolicySource& after, policy::Day day);

}  // namespace glovebox::roles
