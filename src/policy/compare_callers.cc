#include <algorithm>
#include <format>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/compare.h"
#include "policy/compare_parts.h"
#include "policy/name_pattern.h"

namespace glovebox::policy {

namespace {

constexpr int kMaxParents = 16;  // far beyond what a loader takes: a cycle of values

const Bind* find_bind(const Policy& policy, std::string_view environment, std::string_view agent) {
  const auto fits = [](const std::optional<std::string>& wanted, std::string_view given) {
    return !wanted || *wanted == given;
  };
  for (const Bind& bind : policy.binds)
    if (fits(bind.environment, environment) && fits(bind.agent, agent)) return &bind;
  return nullptr;
}

std::vector<std::string> named(const Policy& before, const Policy& after,
                               std::optional<std::string> Bind::* member) {
  std::vector<std::string_view> names;
  for (const Policy* policy : {&before, &after})
    for (const Bind& bind : policy->binds)
      if (bind.*member) names.push_back(*(bind.*member));
  return whole_name_classes(names);
}

// The days on which parts of the profile end, by their names.
std::map<std::string, const ProfilePart*> chain_of(const Policy& policy, const Profile& profile) {
  std::map<std::string, const ProfilePart*> chain;
  std::string name = profile.name;
  for (int i = 0; i < kMaxParents; ++i) {
    const auto part = policy.parts.find(name);
    if (part == policy.parts.end()) break;
    chain.emplace(name, &part->second);
    if (!part->second.extends) break;
    name = *part->second.extends;
  }
  return chain;
}

std::string day_text(const std::optional<Day>& day) {
  if (!day) return "without an end";
  const std::chrono::year_month_day date(*day);
  return std::format("until {:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

const Origin* expiry_of(const ProfilePart* part) {
  if (part == nullptr) return nullptr;
  const Origin* own = origin_of(part->own, "expires");
  return own != nullptr ? own : &part->own.origin;
}

bool has(const std::vector<Difference>& differences, Direction direction) {
  return std::ranges::any_of(differences,
                             [&](const Difference& d) { return d.direction == direction; });
}

void compare_expiry(const Policy& before, const Profile& profile_before, const Policy& after,
                    const Profile& profile_after, const std::vector<Difference>& walls,
                    Findings& findings) {
  const auto old = chain_of(before, profile_before), now = chain_of(after, profile_after);
  std::set<std::string> names;
  for (const auto* chain : {&old, &now})
    for (const auto& [name, part] : *chain) names.insert(name);
  for (const std::string& name : names) {
    const auto part = [&](const auto& chain) -> const ProfilePart* {
      const auto found = chain.find(name);
      return found == chain.end() ? nullptr : found->second;
    };
    const ProfilePart* was = part(old);
    const ProfilePart* is = part(now);
    const std::optional<Day> day_was = was != nullptr ? was->expires : std::nullopt;
    const std::optional<Day> day_is = is != nullptr ? is->expires : std::nullopt;
    if (day_was == day_is) continue;
    const bool later = day_was && (!day_is || *day_is > *day_was);
    // A part that only one side has: what it gave is compared on its own, unless all of it is still
    // given, and now does not end.
    if (was == nullptr && has(walls, Direction::wider)) continue;
    if (is == nullptr && has(walls, Direction::narrower)) continue;
    findings.add(direction_of(later), "expires",
                 std::format("what profile `{}` gives holds {}, before {}", name, day_text(day_is),
                             day_text(day_was)),
                 Risk::medium, {expiry_of(was), expiry_of(is)});
  }
}

// Which key keeps a tool from a caller.
std::string_view dimension_of(Ground ground) {
  switch (ground) {
    case Ground::denied:
      return "deny.tools";
    case Ground::expired:
      return "expires";
    case Ground::given:
    case Ground::no_bind:
    case Ground::not_named:
      break;
  }
  return "bind";
}

class Comparison {
 public:
  Comparison(const Policy& before, const Filters& filters_before, const Policy& after,
             const Filters& filters_after)
      : before_(before),
        filters_before_(filters_before),
        after_(after),
        filters_after_(filters_after) {}

  std::vector<CallerDifferences> run() {
    whole();
    std::set<std::pair<const Bind*, const Bind*>> seen;
    for (const std::string& environment : named(before_, after_, &Bind::environment))
      for (const std::string& agent : named(before_, after_, &Bind::agent)) {
        const Bind* old = find_bind(before_, environment, agent);
        const Bind* now = find_bind(after_, environment, agent);
        if (!seen.emplace(old, now).second) continue;
        for (const std::string& tool : tools_of(old, now)) caller({environment, agent, tool});
      }
    std::erase_if(all_, [](const CallerDifferences& one) { return one.differences.empty(); });
    return std::move(all_);
  }

 private:
  // Tools that the two binds, and the profiles behind them, can tell apart.
  std::vector<std::string> tools_of(const Bind* old, const Bind* now) {
    std::vector<std::string_view> patterns;
    const auto add = [&](const Policy& policy, const Bind* bind) {
      if (bind == nullptr) return;
      for (const ToolRule& rule : bind->tools) {
        patterns.push_back(rule.pattern);
        const auto profile = policy.profiles.find(rule.profile);
        if (profile == policy.profiles.end()) continue;
        for (const auto& item : profile->second.deny.tools) patterns.push_back(item.value);
        for (const Approval& approval : profile->second.approvals)
          patterns.push_back(approval.tool);
      }
    };
    add(before_, old);
    add(after_, now);
    for (const Policy* policy : {&before_, &after_})
      for (const auto& [name, secret] : policy->secrets)
        patterns.insert(patterns.end(), secret.tools.begin(), secret.tools.end());
    for (const std::string_view pattern : patterns)
      if (pattern.ends_with('*')) prefixes_.emplace(pattern.substr(0, pattern.size() - 1));
    return name_classes(patterns);
  }

  const std::vector<Difference>& walls(const Profile& old, const Profile& now) {
    const auto key = std::pair(&old, &now);
    const auto found = walls_.find(key);
    if (found != walls_.end()) return found->second;
    return walls_.emplace(key, compare_walls_of_caller({old, filters_before_, now, filters_after_}))
        .first->second;
  }

  void caller(const Who& who) {
    const ToolRuling old = rule_tool(before_, who), now = rule_tool(after_, who);
    if (old.answer == Answer::deny && now.answer == Answer::deny) return;
    Findings findings;
    std::vector<Difference> differences;
    if (old.answer == Answer::deny || now.answer == Answer::deny) {
      reach(who, old, now, findings);
    } else {
      compare_approvals(old.approvals, now.approvals, who.tool, findings);
      differences = walls(*old.profile, *now.profile);
      compare_expiry(before_, *old.profile, after_, *now.profile, differences, findings);
      compare_secrets(before_, *old.profile, after_, *now.profile, who.tool, findings);
    }
    std::ranges::move(findings.take(), std::back_inserter(differences));
    add(who, std::move(differences));
  }

  void reach(const Who& who, const ToolRuling& old, const ToolRuling& now, Findings& findings) {
    const Direction direction = direction_of(old.answer == Answer::deny);
    const ToolRuling& given = direction == Direction::wider ? now : old;
    const ToolRuling& refused = direction == Direction::wider ? old : now;
    std::string what =
        direction == Direction::wider
            ? std::format("may call it now, with profile `{}`{}", given.profile->name,
                          given.answer == Answer::ask ? " and an approval" : "")
            : std::string("may no longer call it");
    findings.add(direction, dimension_of(refused.decision.ground), std::move(what), Risk::high,
                 {&old.decision.rule, &now.decision.rule}, ToolRequest{who.tool});
  }

  // Callers to whom the same happens stand together. The witness of the first one is shown.
  void add(const Who& who, std::vector<Difference> differences) {
    if (differences.empty()) return;
    const auto same = [&](const CallerDifferences& one) {
      return std::ranges::equal(
          one.differences, differences, [](const Difference& a, const Difference& b) {
            return a.direction == b.direction && a.dimension == b.dimension && a.what == b.what &&
                   a.before == b.before && a.after == b.after;
          });
    };
    const auto found = std::ranges::find_if(
        all_, [&](const CallerDifferences& one) { return !one.callers.empty() && same(one); });
    if (found == all_.end())
      all_.push_back({{who}, std::move(differences)});
    else if (!prefixes_.contains(who.tool))
      found->callers.push_back(who);
  }

  // What is a matter of no caller: the cap, and the operator's own tools.
  void whole() {
    Findings findings;
    tools(findings);
    std::vector<Difference> differences = findings.take();
    cap(differences);
    all_.push_back({{}, std::move(differences)});
  }

  void cap(std::vector<Difference>& differences) const {
    if (!before_.cap && !after_.cap) return;
    if (before_.cap && after_.cap) {
      for (Difference& found :
           compare(*before_.cap, filters_before_, *after_.cap, filters_after_)) {
        found.dimension = "cap." + found.dimension;
        found.what = "the cap: " + found.what;
        // A request that the cap bounds may be one that no profile gives.
        found.witness.reset();
        differences.push_back(std::move(found));
      }
      return;
    }
    const bool gone = before_.cap.has_value();
    differences.push_back(
        {direction_of(gone), "cap",
         gone ? "no cap bounds the profiles any more" : "a cap bounds the profiles", std::nullopt,
         Risk::high, gone ? std::optional(before_.cap->origin) : std::nullopt,
         gone ? std::nullopt : std::optional(after_.cap->origin)});
  }

  void tools(Findings& findings) const {
    std::set<std::string> names;
    for (const Policy* policy : {&before_, &after_})
      for (const auto& [name, tool] : policy->tools) names.insert(name);
    for (const std::string& name : names) {
      const auto old = before_.tools.find(name), now = after_.tools.find(name);
      const bool was = old != before_.tools.end(), is = now != after_.tools.end();
      const Causes causes{was ? &old->second.origin : nullptr, is ? &now->second.origin : nullptr};
      const std::string dimension = "tool." + name;
      if (was != is) {
        findings.add(direction_of(is), dimension,
                     std::format("the tool `{}` is {} offered", name, is ? "now" : "no longer"),
                     Risk::high, causes);
        continue;
      }
      const CustomTool& a = old->second;
      const CustomTool& b = now->second;
      if (std::tie(a.command, a.mcp_command, a.mcp_url) !=
          std::tie(b.command, b.mcp_command, b.mcp_url))
        findings.add(Direction::wider, dimension,
                     std::format("the tool `{}` is another program: there is no order between the "
                                 "two",
                                 name),
                     Risk::high, causes);
      if (a.description != b.description)
        findings.add(Direction::changed, dimension + ".description",
                     std::format("the tool `{}` is described in other words", name), Risk::low,
                     causes);
    }
  }

  const Policy& before_;
  const Filters& filters_before_;
  const Policy& after_;
  const Filters& filters_after_;
  std::map<std::pair<const Profile*, const Profile*>, std::vector<Difference>> walls_;
  std::set<std::string> prefixes_;  // what is only the beginning of names is no good example
  std::vector<CallerDifferences> all_;
};

}  // namespace

std::vector<CallerDifferences> diff(const Policy& before, const Filters& filters_before,
                                    const Policy& after, const Filters& filters_after) {
  return Comparison(before, filters_before, after, filters_after).run();
}

}  // namespace glovebox::policy
