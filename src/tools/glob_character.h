// One character of a glob pattern against one of a name: what a component with groups and one
// without have in common.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace glovebox::tools {

// The end of the class that begins at `[`, behind its `]`; npos if it has none (then `[` is a
// plain character).
std::size_t class_end(std::string_view pattern, std::size_t at);

// One step of the pattern at `p` against the name at `n`: how far both move; nullopt: no match.
// Not for `*`.
struct Advance {
  std::size_t pattern;
  std::size_t name;
};
std::optional<Advance> match_one(std::string_view pattern, std::size_t p, std::string_view name,
                                 std::size_t n);

}  // namespace glovebox::tools
