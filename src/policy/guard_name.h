// Names in the workspace: in `guard`, and behind `@workspace/` of mounts and denials.
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

// What `@workspace/x` or `/workspace/x` names in the workspace; empty for other paths.
std::string_view in_workspace(std::string_view path);
// Whether a `*` stands where nothing would match it: what hides or denies would do nothing.
bool has_idle_star(std::string_view path);
// A path that is a pattern: `@workspace/.env*`.
bool is_workspace_pattern(std::string_view path);

// How much of `rest`, a path below some folder, is what `name` names there; 0: it names another.
std::size_t named_part(std::string_view name, std::string_view rest);
// Whether `path` of the box is or lies in what `name` names at the root of the workspace, or of any
// folder in it that may be a repository.
bool names_in_workspace(std::string_view name, std::string_view path);

}  // namespace glovebox::policy
