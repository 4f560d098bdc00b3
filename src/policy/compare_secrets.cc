#include <algorithm>
#include <format>
#include <set>
#include <string>
#include <vector>

#include "policy/compare_parts.h"
#include "policy/host_match.h"
#include "policy/name_pattern.h"

namespace glovebox::policy {

namespace {

const SecretRule* find(const Policy& policy, const std::string& name) {
  const auto found = policy.secrets.find(name);
  return found == policy.secrets.end() ? nullptr : &found->second;
}

// What the caller sees of a secret: nothing, a name on the wire, a file, a variable.
enum class Sight { nothing, wire, file, variable };

Sight sight_of(const SecretRule* rule, bool used, std::string_view tool) {
  if (rule == nullptr) return Sight::nothing;
  if (rule->expose == Exposure::egress) return used ? Sight::wire : Sight::nothing;
  if (!std::ranges::any_of(rule->tools, [&](const std::string& p) { return matches(p, tool); }))
    return Sight::nothing;
  return rule->expose == Exposure::file ? Sight::file : Sight::variable;
}

std::string_view word(Sight sight) {
  switch (sight) {
    case Sight::nothing:
      return "does not come near it";
    case Sight::wire:
      return "is added on the wire";
    case Sight::file:
      return "is a file in the box";
    case Sight::variable:
      break;
  }
  return "is a variable in the box";
}

}  // namespace

void compare_secrets(const Policy& before, const Profile& profile_before, const Policy& after,
                     const Profile& profile_after, std::string_view tool, Findings& findings) {
  std::set<std::string> names;
  for (const Policy* policy : {&before, &after})
    for (const auto& [name, rule] : policy->secrets) names.insert(name);
  for (const std::string& name : names) {
    const SecretRule* old = find(before, name);
    const SecretRule* now = find(after, name);
    std::vector<EgressTarget> targets;
    std::set<std::uint16_t> ports;
    const auto add = [&](const EgressTarget& target) { targets.push_back(target); };
    for (const SecretRule* rule : {old, now})
      if (rule != nullptr)
        for (const Endpoint& endpoint : rule->only) {
          add(endpoint.host);
          ports.insert(endpoint.port);
        }
    for (const Profile* profile : {&profile_before, &profile_after}) {
      for (const EgressRule& rule : profile->egress) add(rule.target);
      for (const auto& item : profile->deny.egress) add(item.value);
    }
    const Causes causes{old != nullptr ? &old->origin : nullptr,
                        now != nullptr ? &now->origin : nullptr};
    bool was_used = false, is_used = false;
    for (const codec::Host& host : host_classes(targets)) {
      for (const std::uint16_t port : ports) {
        const SecretRequest request{name, {host, port}};
        const SecretRuling was = rule_secret(before, profile_before, tool, request);
        const SecretRuling is = rule_secret(after, profile_after, tool, request);
        was_used = was_used || was.allowed;
        is_used = is_used || is.allowed;
        if (was.allowed == is.allowed) continue;
        const Direction direction = direction_of(is.allowed);
        findings.add(direction, "secret." + name,
                     std::format("`{}` {} goes to {}", name, now_or_no_longer(direction),
                                 codec::to_string(request.to)),
                     Risk::high, causes, request);
      }
    }
    const Sight was = sight_of(old, was_used, tool), is = sight_of(now, is_used, tool);
    if (was != is && !findings.has(direction_of(is > was), "secret." + name, causes))
      findings.add(direction_of(is > was), "secret." + name + ".expose",
                   std::format("`{}` {}, before it {}", name, word(is), word(was)), Risk::high,
                   causes);
    if (was != Sight::nothing && is != Sight::nothing && old->from != now->from)
      findings.add(Direction::wider, "secret." + name + ".from",
                   std::format("`{}` is another one: there is no order between the two", name),
                   Risk::high, causes);
  }
}

}  // namespace glovebox::policy
