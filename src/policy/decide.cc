#include <format>

#include "policy/name_pattern.h"
#include "policy/policy.h"

namespace glovebox::policy {

std::string to_string(const Origin& origin) {
  return std::format("{}:{}", origin.file, origin.line);
}

std::string to_string(Day day) {
  const std::chrono::year_month_day date(day);
  return std::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

namespace {

bool applies(const std::optional<std::string>& wanted, std::string_view given) {
  return !wanted || *wanted == given;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view tool) {
  return closeness(pattern, tool).has_value();
}

bool tools_lie_in(std::string_view inner, std::string_view outer) {
  if (!inner.ends_with('*')) return matches(outer, inner);
  inner.remove_suffix(1);
  return outer.ends_with('*') && inner.starts_with(outer.substr(0, outer.size() - 1));
}

Decision Policy::decide(std::string_view environment, std::string_view agent,
                        std::string_view tool) const {
  for (const Bind& bind : binds) {
    if (!applies(bind.environment, environment) || !applies(bind.agent, agent)) continue;
    const ToolRule* best = nullptr;
    std::size_t best_closeness = 0;
    for (const ToolRule& rule : bind.tools) {
      const auto close = closeness(rule.pattern, tool);
      if (close && (best == nullptr || *close > best_closeness)) {
        best = &rule;
        best_closeness = *close;
      }
    }
    if (best == nullptr)
      return {nullptr, bind.origin, "the bind names no profile for this tool", Ground::not_named};
    const Profile& profile = profiles.at(best->profile);
    for (const auto& denied : profile.deny.tools)
      if (matches(denied.value, tool))
        return {nullptr, denied.origin, "the profile denies this tool", Ground::denied, best};
    if (const ProfilePart* part = ended(parts, profile.name, day))
      return {nullptr, part->own.origins.at("expires"), "the profile has expired", Ground::expired,
              best};
    return {&profile, best->origin, "allowed", Ground::given, best};
  }
  return {nullptr, {file, 1, 1}, "no bind applies", Ground::no_bind};
}

}  // namespace glovebox::policy
