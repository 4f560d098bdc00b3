#include "policy/compare.h"

#include <algorithm>
#include <format>
#include <map>
#include <utility>

#include "policy/compare_parts.h"
#include "policy/name_pattern.h"

namespace glovebox::policy {

namespace {

std::optional<Origin> copy(const Origin* origin) {
  return origin == nullptr || origin->line == 0 ? std::nullopt : std::optional(*origin);
}

std::vector<Difference> compare_walls(const Sides& sides, Injections injections) {
  Findings findings;
  compare_files(sides, findings);
  compare_egress(sides, injections, findings);
  compare_syscalls(sides, findings);
  compare_values(sides, findings);
  return findings.take();
}

std::vector<const Approval*> approvals_for(const Profile& profile, const std::string& tool) {
  std::vector<const Approval*> found;
  for (const Approval& approval : profile.approvals)
    if (matches(approval.tool, tool)) found.push_back(&approval);
  return found;
}

const Origin* denial_of(const Profile& profile, const std::string& tool) {
  for (const auto& item : profile.deny.tools)
    if (matches(item.value, tool)) return &item.origin;
  return nullptr;
}

}  // namespace

void Findings::add(Direction direction, std::string_view dimension, std::string what, Risk risk,
                   const Causes& causes, std::optional<Request> witness) {
  if (!seen_.emplace(direction, std::string(dimension), causes).second) return;
  differences_.push_back({direction, std::string(dimension), std::move(what), std::move(witness),
                          risk, copy(causes.before), copy(causes.after)});
}

std::string_view now_or_no_longer(Direction direction) {
  return direction == Direction::wider ? "now" : "no longer";
}

void compare_approvals(const std::vector<const Approval*>& before,
                       const std::vector<const Approval*>& after, const std::string& tool,
                       Findings& findings) {
  using By = std::map<std::string_view, const Approval*>;  // of two by one, the one that waits less
  const auto by_name = [](const std::vector<const Approval*>& approvals) {
    By names;
    for (const Approval* approval : approvals) {
      const auto [at, fresh] = names.emplace(approval->by, approval);
      if (!fresh && approval->timeout < at->second->timeout) at->second = approval;
    }
    return names;
  };
  const By old = by_name(before), now = by_name(after);
  const auto witness = [&]() -> std::optional<Request> {
    if (old.empty() == now.empty()) return std::nullopt;
    return ToolRequest{tool};
  }();
  for (const auto& [by, approval] : old) {
    const auto found = now.find(by);
    if (found == now.end()) {
      findings.add(Direction::wider, "approve",
                   std::format("calls of `{}` no longer need the approval of `{}`", tool, by),
                   Risk::high, {&approval->origin, nullptr}, witness);
    } else if (found->second->timeout != approval->timeout) {
      const bool longer = found->second->timeout > approval->timeout;
      findings.add(
          direction_of(longer), "approve.timeout",
          std::format("an approval of `{}` may come {}", by, longer ? "later" : "less late"),
          Risk::low, {&approval->origin, &found->second->origin});
    }
  }
  for (const auto& [by, approval] : now)
    if (!old.contains(by))
      findings.add(Direction::narrower, "approve",
                   std::format("calls of `{}` now need the approval of `{}`", tool, by), Risk::low,
                   {nullptr, &approval->origin}, witness);
}

void compare_tools(const Sides& sides, Findings& findings) {
  std::vector<std::string_view> patterns;
  for (const Profile* profile : {&sides.before, &sides.after}) {
    for (const auto& item : profile->deny.tools) patterns.push_back(item.value);
    for (const Approval& approval : profile->approvals) patterns.push_back(approval.tool);
  }
  if (patterns.empty()) return;
  for (const std::string& tool : name_classes(patterns)) {
    const Origin* old = denial_of(sides.before, tool);
    const Origin* now = denial_of(sides.after, tool);
    if ((old == nullptr) != (now == nullptr)) {
      const Direction direction = direction_of(old != nullptr);
      findings.add(direction, "deny.tools",
                   std::format("tool `{}` is {} denied", tool,
                               direction == Direction::wider ? "no longer" : "now"),
                   Risk::high, {old, now}, ToolRequest{tool});
    } else if (old == nullptr) {
      compare_approvals(approvals_for(sides.before, tool), approvals_for(sides.after, tool), tool,
                        findings);
    }
  }
}

std::vector<Difference> compare(const Profile& before, const Filters& filters_before,
                                const Profile& after, const Filters& filters_after) {
  const Sides sides{before, filters_before, after, filters_after};
  std::vector<Difference> all = compare_walls(sides, Injections::compared);
  Findings findings;
  compare_tools(sides, findings);
  std::ranges::move(findings.take(), std::back_inserter(all));
  return all;
}

std::vector<Difference> compare_walls_of_caller(const Sides& sides) {
  return compare_walls(sides, Injections::left_out);
}

bool widens(const std::vector<CallerDifferences>& differences) {
  return std::ranges::any_of(differences, [](const CallerDifferences& of) {
    return std::ranges::any_of(of.differences, [](const Difference& difference) {
      return difference.direction == Direction::wider;
    });
  });
}

}  // namespace glovebox::policy
