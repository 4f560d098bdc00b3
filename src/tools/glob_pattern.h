// Glob patterns, compiled: pure, no file system.
//
// `*` and `?` match within one component, `**` any number of folders, `[a-z]`, `[!x]`, `[^x]`,
// `[[:digit:]]` (of ASCII) one character, `{a,b}` and `{1..9}` alternatives, `\` quotes; groups as
// `@(a|b)` and `!(a)` stand within one component (glob_group.h). Wildcards match no leading dot
// unless the pattern has one at that place. Bytes are compared, except that
// `?` and classes take a whole UTF-8 character. Matching a name costs at most pattern size times
// name size, whatever the pattern; with groups the square of name size.
//
// A walk carries a Progress from folder to folder, so it enters only folders that can hold matches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/glob_group.h"

namespace glovebox::tools {

constexpr std::size_t kMaxGlobAlternatives = 1'024;
constexpr std::size_t kMaxGlobSegments = 4'096;  // of all alternatives together

enum class GlobError : std::uint8_t {
  absolute,              // starts with `/`, as given or in an alternative
  dot_dot,               // has a component `..`
  too_many_alternatives  // or too many components
};

// True if the whole `name`, one component, matches one component of a pattern (no braces).
bool matches_component(std::string_view component, std::string_view name);

class GlobPattern {
 public:
  // Where a walk stands in each alternative. Sorted, without duplicates.
  using Progress = std::vector<std::uint32_t>;

  static std::expected<GlobPattern, GlobError> compile(std::string_view pattern);

  Progress start() const;
  // After one more component of the path. Empty: nothing here or below can match.
  Progress enter(const Progress& at, std::string_view folder) const;
  bool matches_file(const Progress& at, std::string_view name) const;

  // The components before the first with a wildcard, but never the last one; joined with `/`.
  // Empty if there is more than one alternative.
  std::string literal_folder() const;
  // The same pattern without these components.
  GlobPattern below_literal_folder() const;

 private:
  // All alternatives behind each other; each ends with an `end` part.
  enum class PartKind : std::uint8_t { component, any_folders, end };
  struct Part {
    PartKind kind;
    std::string text;
    std::optional<GroupedComponent> groups;
  };
  static bool matches(const Part& part, std::string_view name);
  void add(Progress& to, std::uint32_t part) const;
  Progress step(const Progress& at, std::string_view name) const;

  std::vector<Part> parts_;
  std::vector<std::uint32_t> starts_;
};

}  // namespace glovebox::tools
