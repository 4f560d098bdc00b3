// Names that a policy matches by `NAME`, `prefix*` or `*`: tools in binds, guarded file names.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glovebox::policy {

// How close the match is: longer literal text is closer, and a whole name is closer than any
// prefix. nullopt: no match.
std::optional<std::size_t> closeness(std::string_view pattern, std::string_view name);

// One name of each class that the patterns can tell apart, first those that they spell out, last
// those that only begin a pattern: whatever a set of these patterns decides about any name, it
// decides about one of these. A class that has no name of visible characters is left out.
std::vector<std::string> name_classes(std::span<const std::string_view> patterns);
// The same for names that are only compared as a whole; the last one is none of them.
std::vector<std::string> whole_name_classes(std::span<const std::string_view> names);

}  // namespace glovebox::policy
