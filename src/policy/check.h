// What is to be said about a policy that is valid: properties that every policy should have (F1 to
// F12), rules without effect, dates, and what this binary cannot carry out.
//
// Which of two profiles permits more is for compare.h to say; it is passed in. Without it every
// answer is the careful one. F9 (all limits are finite) and F11 hold by the reader and by
// dead_rules.cc; nothing here reads a file.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/compare.h"
#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace glovebox::policy {

using Compare =
    std::function<std::vector<Difference>(const Profile& before, const Filters& filters_before,
                                          const Profile& after, const Filters& filters_after)>;

// All of it but not_enforced() and nothing_holds(): findings and loosened_by_dates() are errors,
// the rest warnings and notes. `filters` holds the table of every filter that the policy names. By
// place.
std::vector<Diagnostic> check_policy(const Policy& policy, const Filters& filters,
                                     const Compare& compare);

// Where a profile exceeds the cap (F1, F8): nothing may run with it.
std::vector<Diagnostic> beyond_cap(const Policy& policy, const Filters& filters,
                                   const Compare& compare);

// Keys whose enforcement is not in this binary. Whoever would run with the policy refuses it.
std::vector<Diagnostic> not_enforced(const Policy& policy);

// Profiles that a bind names and that allow nothing on the day of the policy, as their dates are
// past. Whoever would start with the policy refuses it.
std::vector<Diagnostic> nothing_holds(const Policy& policy);

// Parts whose end would allow what they kept away while they held: a narrower filter, say. What
// takes rights away has no end; nothing may run with such a date.
std::vector<Diagnostic> loosened_by_dates(const Policy& policy, const Filters& filters,
                                          const Compare& compare);

// Mounts that would show something of glovebox: what lies in one of `places`, absolute paths of the
// host, or contains it. Nothing may run with one.
std::vector<Diagnostic> mounts_of(const Policy& policy, std::span<const std::string> places);
// Where glovebox keeps its own things when it is not told otherwise.
std::span<const std::string_view> usual_places();

// Days before an end at which check begins to warn, and beyond which an end is far away.
constexpr std::chrono::days kWarnAhead{30};
constexpr std::chrono::days kFarAhead{366};

// For check.cc: rules without effect, and dates. Each notes warnings.
void find_dead_rules(const Policy& policy, std::vector<Diagnostic>& found);
void find_dates(const Policy& policy, std::vector<Diagnostic>& found);

}  // namespace glovebox::policy
