// The form of a name in `guard`, and of the patterns that stand behind `@workspace/`.
#pragma once

#include <cstddef>
#include <string_view>

namespace glovebox::policy {

// Names of one profile, and components of one name. A call looks for each of them at the root of
// the workspace and of every repository in it.
inline constexpr std::size_t kMaxGuards = 64;
inline constexpr std::size_t kMaxGuardParts = 8;

// Relative, without empty, `.` and `..` components, no slash at its end, no NUL.
bool is_guard_name(std::string_view name);
// For who wrote a `*` elsewhere into the path of a place that is hidden or denied.
inline constexpr std::string_view kStarForm =
    "`*` can only end the last component of a place in the workspace, after at least one other "
    "character";
inline constexpr std::string_view kStarHint = "@workspace/.env*";
// Whether `*` stands in it at most once, as the end of its last component and not all of it.
bool has_plain_pattern(std::string_view name);

}  // namespace glovebox::policy
