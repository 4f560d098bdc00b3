// Paths of HTTP requests against `/seg/*/seg/**`.
//
// A path is its segments; `/` has none, and `/a/` ends with an empty one. `*` is one segment that
// is not empty, `**` is whatever is left. What two sets of patterns admit is compared segment by
// segment, exactly.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

// More sets of live patterns than this are not walked; the answer is then that nobody knows.
constexpr std::size_t kMaxPathStates = 20'000;

// `GET /a/*`, as `allow` has it; without a place. Nothing if it is no such text.
std::optional<HttpRule> parse_http_rule(std::string_view text);
// `path` begins with `/` and has no query.
bool matches(const PathPattern& pattern, std::string_view path);
std::string to_string(const PathPattern& pattern);
std::string to_string(const HttpRule& rule);  // `GET /a/**`

// A path that one side admits and the other does not.
struct PathDifference {
  std::string path;
  const HttpRule* before = nullptr;  // what admits it; null on the side that does not
  const HttpRule* after = nullptr;
};
// One for each rule that admits something new to the other side. nullopt: too many states.
std::optional<std::vector<PathDifference>> compare_paths(std::span<const HttpRule* const> before,
                                                         std::span<const HttpRule* const> after);

}  // namespace glovebox::policy
