#include <algorithm>
#include <array>
#include <format>
#include <set>
#include <string>

#include "policy/compare_parts.h"
#include "policy/limit_names.h"

namespace glovebox::policy {

namespace {

const Origin* known(const Origin& origin) {
  return origin.line == 0 ? nullptr : &origin;
}

// Variables by which code is found or loaded: whoever sets one decides what runs.
bool decides_what_runs(std::string_view name) {
  constexpr std::array<std::string_view, 22> kNames = {
      "PATH",           "BASH_ENV",   "ENV",        "IFS",           "SHELLOPTS",
      "BASHOPTS",       "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "NODE_OPTIONS",
      "NODE_PATH",      "PERL5LIB",   "PERL5OPT",   "RUBYLIB",       "RUBYOPT",
      "GCONV_PATH",     "CLASSPATH",  "GOFLAGS",    "HOME",          "SHELL",
      "PROMPT_COMMAND", "EDITOR"};
  return std::ranges::find(kNames, name) != kNames.end() || name.starts_with("LD_") ||
         name.starts_with("GIT_") || name.starts_with("BASH_FUNC_") ||
         name.starts_with("MALLOC_") || name.starts_with("GLIBC_") ||
         name.starts_with("JAVA_TOOL") || name.starts_with("_JAVA") ||
         name.starts_with("JDK_JAVA") || name.ends_with("_PRELOAD") || name.starts_with("CARGO_") ||
         name.starts_with("NPM_CONFIG") || name.starts_with("npm_config");
}

void compare_limits(const Sides& sides, Findings& findings) {
  for (std::size_t i = 0; i < kLimitNames.size(); ++i) {
    const LimitName& limit = kLimitNames.at(i);
    const LimitView old = limit_at(sides.before.limits, i);
    const LimitView now = limit_at(sides.after.limits, i);
    const Causes causes{old.origin, now.origin};
    const std::string dimension = std::format("limits.{}", limit.name);
    if (old.value != now.value)
      findings.add(
          direction_of(now.value > old.value), dimension,
          std::format("limit {}: {}, before {}", limit.name, limit_text(limit.unit, now.value),
                      limit_text(limit.unit, old.value)),
          now.value / 4 > old.value ? Risk::medium : Risk::low, causes,
          LimitRequest{i, std::max(old.value, now.value)});
    if (old.enforce != now.enforce) {
      const bool weaker = now.enforce == Enforce::best;
      findings.add(
          direction_of(weaker), dimension + ".enforce",
          std::format("limit {}: {}", limit.name,
                      weaker ? "a host may only watch it" : "a host must be able to wall it"),
          Risk::low, causes);
    }
  }
}

void compare_environment(const Sides& sides, Findings& findings) {
  std::set<std::string> names;
  for (const Profile* profile : {&sides.before, &sides.after})
    for (const auto& [name, value] : profile->env) names.insert(name);
  for (const std::string& name : names) {
    const auto old = sides.before.env.find(name), now = sides.after.env.find(name);
    const bool was = old != sides.before.env.end(), is = now != sides.after.env.end();
    if (was && is && old->second == now->second) continue;
    const bool loads = decides_what_runs(name);
    const Direction direction = !loads ? Direction::changed : direction_of(is);
    findings.add(direction, "env." + name,
                 std::format("{} is {}{}", name,
                             was && is ? "another"
                             : is      ? "set now"
                                       : "not set now",
                             loads ? "; it decides what code runs" : ""),
                 loads ? Risk::high : Risk::low,
                 {origin_of(sides.before, "env." + name), origin_of(sides.after, "env." + name)});
  }
}

void compare_root(const Sides& sides, Findings& findings) {
  const Root& old = sides.before.root;
  const Root& now = sides.after.root;
  if (old.kind == now.kind && (old.kind == Root::Kind::host || old.image == now.image)) return;
  const auto word = [](const Root& root) {
    return root.kind == Root::Kind::host ? std::string("the host") : "image " + root.image;
  };
  findings.add(Direction::wider, "root",
               std::format("the root is {}, before {}: there is no order between them", word(now),
                           word(old)),
               Risk::high, {known(old.origin), known(now.origin)});
}

void compare_audit(const Sides& sides, Findings& findings) {
  const Audit& old = sides.before.audit;
  const Audit& now = sides.after.audit;
  const auto causes = [&](const std::string& key) {
    return Causes{origin_of(sides.before, key), origin_of(sides.after, key)};
  };
  if (old.level != now.level)
    findings.add(
        direction_of(now.level < old.level), "audit.level",
        now.level < old.level ? "less of each call is recorded" : "more of each call is recorded",
        Risk::high, causes("audit.level"));
  if (old.egress != now.egress)
    findings.add(direction_of(now.egress < old.egress), "audit.egress",
                 now.egress < old.egress ? "a connection no longer waits for its record"
                                         : "a connection waits for its record",
                 Risk::medium, causes("audit.egress"));
  for (const std::string& name : old.capture)
    if (!now.capture.contains(name))
      findings.add(Direction::wider, "audit.capture." + name,
                   std::format("`{}` is no longer captured", name), Risk::medium,
                   causes("audit.capture"));
  for (const std::string& name : now.capture)
    if (!old.capture.contains(name))
      findings.add(Direction::narrower, "audit.capture." + name,
                   std::format("`{}` is captured now", name), Risk::low, causes("audit.capture"));
}

}  // namespace

void compare_values(const Sides& sides, Findings& findings) {
  const Profile& old = sides.before;
  const Profile& now = sides.after;
  const auto causes = [&](const std::string& key) {
    return Causes{origin_of(old, key), origin_of(now, key)};
  };
  compare_limits(sides, findings);
  compare_environment(sides, findings);
  compare_root(sides, findings);
  if (old.background != now.background)
    findings.add(direction_of(now.background == Background::keep), "background",
                 now.background == Background::keep ? "processes may outlive their call"
                                                    : "processes end with their call",
                 Risk::medium, causes("background"));
  if (old.user != now.user)
    findings.add(direction_of(now.user == BoxUser::root), "user",
                 now.user == BoxUser::root ? "programs run as root of the box"
                                           : "programs run as an ordinary user of the box",
                 Risk::high, causes("user"));
  if (old.landlock_abi != now.landlock_abi)
    findings.add(
        direction_of(now.landlock_abi < old.landlock_abi), "landlock",
        std::format("Landlock ABI {} must be there, before {}", now.landlock_abi, old.landlock_abi),
        Risk::medium, causes("landlock"));
  compare_audit(sides, findings);
}

}  // namespace glovebox::policy
