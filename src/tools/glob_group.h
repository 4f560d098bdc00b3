// One component of a glob pattern that has groups: `@(a|b)` one of these, `?(a|b)` one or none,
// `*(a|b)` any number, `+(a|b)` at least one, `!(a|b)` what is none of these. Groups stand in each
// other, and hold whatever else a component does.
//
// Pure. A name is matched from its end: each node turns the places from which the rest of the
// pattern matches into those from which it matches itself, so no name costs more than pattern size
// times the square of its length. As in the official worker's globs, `!(a)b` matches what no way of
// reading it as `ab` does; within a repetition `!(a)` stands for any text that is not `a`.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace glovebox::tools {

constexpr std::size_t kMaxGroupDepth = 8;          // a deeper `@(` is two characters
constexpr std::size_t kMaxGroupedPattern = 4'096;  // bytes; a longer component has no groups
constexpr std::size_t kMaxGroupedName = 255;       // bytes; no name in a file system is longer

struct GlobNode;

class GroupedComponent {
 public:
  // nullopt: there is no group in it that is closed.
  static std::optional<GroupedComponent> parse(std::string_view component);
  // True if the whole `name` matches. Wildcards and `!(…)` match no leading dot.
  bool matches(std::string_view name) const;

 private:
  explicit GroupedComponent(std::shared_ptr<const GlobNode> root) : root_(std::move(root)) {}
  std::shared_ptr<const GlobNode> root_;  // shared by the copies of a pattern
};

}  // namespace glovebox::tools
