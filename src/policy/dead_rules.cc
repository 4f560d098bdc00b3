// Rules that change nothing: what a denial takes away, what another rule gives already, what names
// nothing that there is.
#include <algorithm>
#include <array>
#include <format>
#include <tuple>

#include "policy/check.h"
#include "policy/normal_path.h"
#include "policy/suggestion.h"

namespace glovebox::policy {

namespace {

constexpr std::array<std::string_view, 6> kTools = {"bash", "read", "write",
                                                    "edit", "glob", "grep"};
constexpr std::string_view kMcp = "mcp:";

auto place(const Origin& origin) {
  return std::tie(origin.file, origin.line, origin.column);
}

class DeadRules {
 public:
  DeadRules(const Policy& policy, std::vector<Diagnostic>& found)
      : policy_(policy), found_(found) {}

  void run() {
    for (const auto& [name, part] : policy_.parts) {
      const Profile& whole = policy_.profiles.at(name);
      denied_rules(part.own, whole);
      shadowed_rules(part.own, whole);
      for (const auto& denied : part.own.deny.tools) known_tool(denied.value, denied.origin);
      for (const Approval& approval : part.own.approvals)
        known_tool(approval.tool, approval.origin);
    }
    for (const Bind& bind : policy_.binds)
      for (const ToolRule& rule : bind.tools) {
        known_tool(rule.pattern, rule.origin);
        // With `*` a profile says that it is there to refuse.
        for (const auto& denied : policy_.profiles.at(rule.profile).deny.tools)
          if (denied.value != "*" && tools_lie_in(rule.pattern, denied.value))
            say(Code::dead, rule.origin,
                std::format("`{}` is bound to profile `{}`, which denies it in line {}",
                            rule.pattern, rule.profile, denied.origin.line));
      }
    for (const auto& [name, secret] : policy_.secrets)
      for (const std::string& tool : secret.tools) known_tool(tool, secret.origin);
    unused();
  }

 private:
  void say(Code code, const Origin& origin, std::string message, std::string hint = "") {
    found_.push_back(
        {code, origin, origin.width, std::move(message), std::move(hint), Severity::warning});
  }

  void denied_rules(const Profile& own, const Profile& whole) {
    for (const EgressRule& rule : own.egress)
      for (const auto& denied : whole.deny.egress)
        if (lies_in(rule.target, denied.value)) {
          say(Code::dead, rule.origin,
              std::format("{} is denied by {}", to_string(rule.target), to_string(denied.origin)),
              "a denial wins: remove one of the two");
          break;
        }
    for (const Mount& mount : own.mounts) {
      if (mount.mode == MountMode::hide) continue;
      for (const Mount& hidden : whole.mounts)
        if (hidden.mode == MountMode::hide && is_below(mount.at, hidden.at)) {
          say(Code::dead, mount.origin,
              std::format("`{}` is hidden by {}", mount.at, to_string(hidden.origin)),
              "what is hidden stays hidden: remove one of the two");
          break;
        }
    }
    for (const Approval& approval : own.approvals)
      for (const auto& denied : whole.deny.tools)
        if (tools_lie_in(approval.tool, denied.value)) {
          say(Code::dead, approval.origin,
              std::format("`{}` is denied by {}, nobody is asked", approval.tool,
                          to_string(denied.origin)));
          break;
        }
  }

  // Of two that lie in each other the later one is the one too many.
  template <class T, class In>
  void shadows(const std::vector<T>& own, const std::vector<T>& all, std::string_view what,
               const In& in) {
    for (const T& item : own)
      for (const T& other : all) {
        if (place(item.origin) == place(other.origin) || !in(item, other)) continue;
        if (in(other, item) && place(item.origin) < place(other.origin)) continue;
        say(Code::shadowed, item.origin,
            std::format("this {} says nothing that {} does not say", what, to_string(other.origin)),
            "remove it");
        break;
      }
  }

  void shadowed_rules(const Profile& own, const Profile& whole) {
    shadows(own.egress, whole.egress, "rule", rule_lies_in);
    for (const EgressRule& rule : own.egress)
      shadows(rule.allow, rule.allow, "request", request_lies_in);
    shadows(own.deny.tools, own.deny.tools, "denial",
            [](const auto& a, const auto& b) { return tools_lie_in(a.value, b.value); });
    shadows(own.deny.paths, own.deny.paths, "denial",
            [](const auto& a, const auto& b) { return is_below(a.value, b.value); });
    shadows(own.deny.egress, own.deny.egress, "denial",
            [](const auto& a, const auto& b) { return lies_in(a.value, b.value); });
    shadows(own.approvals, own.approvals, "approval", [](const auto& a, const auto& b) {
      return tools_lie_in(a.tool, b.tool) && a.by == b.by && a.timeout == b.timeout;
    });
  }

  void known_tool(std::string_view pattern, const Origin& origin) {
    std::vector<std::string_view> names(kTools.begin(), kTools.end());
    for (const auto& [name, _] : policy_.tools) names.push_back(name);
    const std::string_view prefix = pattern.substr(0, pattern.find('*'));
    const bool known = pattern.ends_with('*') ? prefix.starts_with(kMcp) || kMcp.starts_with(prefix)
                                              : pattern.starts_with(kMcp);
    if (known || std::ranges::any_of(names, [&](auto name) { return matches(pattern, name); }))
      return;
    say(Code::never_matches, origin, std::format("there is no tool `{}`", pattern),
        nearest(pattern, names));
  }

  void unused() {
    std::set<std::string> used, wanted;
    for (const Bind& bind : policy_.binds)
      for (const ToolRule& rule : bind.tools)
        for (std::optional<std::string> at = rule.profile; at; at = policy_.parts.at(*at).extends)
          used.insert(*at);
    for (const auto& [name, part] : policy_.parts) {
      if (!used.contains(name))
        say(Code::unused, part.own.origin,
            std::format("profile `{}` is bound nowhere and extended by none that is", name));
      for (const EgressRule& rule : part.own.egress)
        if (rule.inject) wanted.insert(*rule.inject);
    }
    for (const auto& [name, secret] : policy_.secrets)
      if (secret.expose == Exposure::egress && !wanted.contains(name))
        say(Code::unused, secret.origin, std::format("secret `{}` is injected nowhere", name));
  }

  const Policy& policy_;
  std::vector<Diagnostic>& found_;
};

}  // namespace

void find_dead_rules(const Policy& policy, std::vector<Diagnostic>& found) {
  DeadRules(policy, found).run();
}

void find_dates(const Policy& policy, std::vector<Diagnostic>& found) {
  for (const auto& [name, part] : policy.parts) {
    if (!part.expires) continue;
    const Origin& origin = part.own.origins.at("expires");
    const auto say = [&](Code code, std::string message, std::string hint) {
      found.push_back(
          {code, origin, origin.width, std::move(message), std::move(hint), Severity::warning});
    };
    const Day end = *part.expires;
    if (end < policy.day)
      say(Code::expired,
          std::format("profile `{}` has expired: what it adds is denied since {}", name,
                      to_string(end + std::chrono::days(1))),
          "review it: a later date, or remove it");
    else if (end - policy.day <= kWarnAhead)
      say(Code::expires_soon,
          std::format("profile `{}` expires in {} days", name, (end - policy.day).count()),
          "review it: a later date, or remove it");
    else if (end - policy.day > kFarAhead)
      say(Code::without_why, std::format("profile `{}` expires in more than a year", name),
          "a date that somebody will still remember");
  }
}

std::vector<Diagnostic> nothing_holds(const Policy& policy) {
  std::vector<Diagnostic> found;
  for (const Bind& bind : policy.binds)
    for (const ToolRule& rule : bind.tools) {
      const ProfilePart* part = ended(policy.parts, rule.profile, policy.day);
      if (part == nullptr) continue;
      found.push_back({Code::nothing_holds, rule.origin, rule.origin.width,
                       std::format("profile `{}` ended on {} and allows nothing", rule.profile,
                                   to_string(*part->expires)),
                       std::format("give it a later date ({}), or take the bind out",
                                   to_string(part->own.origins.at("expires")))});
    }
  return found;
}

}  // namespace glovebox::policy
