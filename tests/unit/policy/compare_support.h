// Policies as values, filters from a text, and what compare() finds in words.
#pragma once

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/compare.h"
#include "policy/decide_request.h"
#include "seccomp/parse.h"

namespace glovebox::policy {

inline seccomp::Table table_of(std::string_view text) {
  auto table = seccomp::parse("test.policy", text, [](std::string_view) { return std::nullopt; });
  if (!table) FAIL(seccomp::to_string(table.error().front()));
  return *std::move(table);
}

inline const Filters& plain_filters() {
  static const Filters filters = {
      {"builtin:bash", table_of("default: errno(ENOSYS)\nexecve: allow\nread: allow\n")}};
  return filters;
}

inline Origin line(std::uint32_t number) {
  return {"p.toml", number, 1};
}

inline Mount mount(std::string at, MountMode mode, Exec exec = Exec::no) {
  Mount made;
  made.at = std::move(at);
  made.mode = mode;
  made.exec = exec;
  return made;
}

inline EgressTarget target(std::string_view text) {
  if (text.starts_with("*.")) return HostPattern{std::string(text.substr(2)), true};
  if (auto block = codec::Cidr::parse(text)) return *block;
  return HostPattern{std::string(text), false};
}

inline PathPattern path_pattern(std::string_view text) {
  PathPattern pattern;
  while (!text.empty()) {
    text.remove_prefix(1);
    const auto slash = std::min(text.find('/'), text.size());
    const std::string segment(text.substr(0, slash));
    text.remove_prefix(slash);
    if (segment == "**")
      pattern.open = true;
    else if (!segment.empty() || !text.empty() || !pattern.segments.empty())
      pattern.segments.push_back(segment);
  }
  return pattern;
}

inline HttpRule http(std::string method, std::string_view path) {
  return {std::move(method), path_pattern(path), {}};
}

inline EgressRule egress(std::string_view host, std::uint16_t first, std::uint16_t last,
                         EgressMode mode, std::vector<HttpRule> allow = {}) {
  EgressRule rule;
  rule.target = target(host);
  rule.ports = {first, last};
  rule.mode = mode;
  rule.whole_host = allow.empty();
  rule.allow = std::move(allow);
  return rule;
}

// `*` gets the profile.
inline Policy policy_of_profile(Profile profile) {
  Policy policy;
  policy.file = "p.toml";
  profile.name = "p";
  policy.binds.push_back({std::nullopt, std::nullopt, {{"*", "p", line(2)}}, line(1)});
  policy.profiles.emplace("p", std::move(profile));
  return policy;
}

inline std::string_view word(Direction direction) {
  return direction == Direction::wider      ? "wider"
         : direction == Direction::narrower ? "narrower"
                                            : "changed";
}

inline std::string text_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& d : differences)
    text += std::format("{} {}: {}{}\n", word(d.direction), d.dimension, d.what,
                        d.witness ? " [" + to_string(*d.witness) + "]" : "");
  return text;
}

inline bool has(const std::vector<Difference>& differences, Direction direction) {
  return std::ranges::any_of(differences,
                             [&](const Difference& d) { return d.direction == direction; });
}

inline bool has(const std::vector<CallerDifferences>& all, Direction direction) {
  return std::ranges::any_of(
      all, [&](const CallerDifferences& of) { return has(of.differences, direction); });
}

// Whether the witness is what it claims to be: the request is decided differently, in that way, and
// its text is one of the grammar.
inline bool holds(const Difference& d, const Policy& before, const Filters& filters_before,
                  const Policy& after, const Filters& filters_after, const Who& who) {
  if (!d.witness) return true;
  const Answer was = answer_request(before, filters_before, who, *d.witness);
  const Answer is = answer_request(after, filters_after, who, *d.witness);
  const auto read = parse_request(to_string(*d.witness));
  return read && *read == *d.witness && (d.direction == Direction::wider ? is > was : is < was);
}

}  // namespace glovebox::policy
