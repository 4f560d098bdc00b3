// The keys of the language by their whole names, from the table that the readers and the schema
// work by (policy/keys.h): `bind.tools`, `mount.at`, `limits.wall.enforce`, `cap.mount.at`.
#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/keys.h"

namespace glovebox::policy {

// Keys by which nothing is permitted: names, reasons, tests, how files are put together, and tables
// whose own keys say what is.
inline constexpr std::array<std::string_view, 22> kNeutral = {
    "glovebox",      "name",
    "include",       "profile",
    "secret",        "test",
    "deny",          "audit",
    "limits",        "extends",
    "why",           "tool.description",
    "egress.why",    "approve.otherwise",
    "approve.when",  "tool.mcp",
    "test.as",       "test.try",
    "test.expect",   "test.as.environment",
    "test.as.agent", "test.as.tool"};

// Everything that is written in `place`, which is called `prefix`. Tables are gone into.
inline void add_keys(Place place, const std::string& prefix, std::set<std::string>& keys) {
  for (const KeyRule& rule : keys_of(place)) {
    const std::string key = prefix + std::string(rule.name);
    const bool is_limit = place == Place::limits;
    if (!is_limit) keys.insert(key);
    const bool is_table = rule.shape == Shape::table || rule.shape == Shape::tables ||
                          rule.shape == Shape::named || is_limit;
    if (!is_table) continue;
    // The keys of a profile stand for themselves.
    add_keys(rule.inner, rule.inner == Place::profile ? "" : key + ".", keys);
  }
}

inline std::vector<std::string> all_keys() {
  std::set<std::string> keys;
  add_keys(Place::policy, "", keys);
  add_keys(Place::included, "", keys);
  add_keys(Place::test_file, "", keys);
  add_keys(Place::cap_file, "", keys);
  return {keys.begin(), keys.end()};
}

// Those by which something is permitted.
inline std::vector<std::string> keys_of_language() {
  constexpr std::string_view kCap = "cap.";
  std::vector<std::string> keys = all_keys();
  std::erase_if(keys, [&](std::string_view key) {
    if (key.starts_with(kCap)) key.remove_prefix(kCap.size());
    return std::ranges::contains(kNeutral, key);
  });
  return keys;
}

}  // namespace glovebox::policy
