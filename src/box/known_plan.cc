#include "box/known_plan.h"

#include <algorithm>
#include <utility>

#include "box/plan_wire.h"
#include "policy/normal_path.h"

namespace glovebox::box {

namespace {

// What a waiting shell tells of its environment has room beside the state.
constexpr std::size_t kMostEnvironment = 32 * kKiB;

std::string root_of(const BoxPlan& plan) {
  BoxPlan root;
  root.rung = plan.rung;
  root.layers = plan.layers;
  root.ids = plan.ids;
  root.hostname = plan.hostname;
  root.mounts = plan.mounts;
  root.background = plan.background;
  // The network namespace is the session's there.
  if (plan.background == Background::keep) root.egress = plan.egress;
  // What calls share in keep mode stays with the session, also when the host replaces a file that
  // it shows: the box goes on with the one that it has.
  if (plan.background == Background::keep)
    for (MountEntry& entry : root.mounts)
      if (!can_be_moved(plan, entry)) entry.identity.reset();
  return encode_plan(root);
}

std::string walls_of(BoxPlan plan) {
  plan.tool.clear();
  plan.rule.clear();
  return encode_plan(plan);
}

bool may_wait(const BoxPlan& plan) {
  if (plan.command.kind == CommandKind::program) return false;
  std::size_t environment = 0;
  for (const auto& [name, value] : plan.environment) environment += name.size() + value.size();
  if (environment > kMostEnvironment) return false;
  return std::ranges::none_of(plan.mounts, [&](const MountEntry& entry) {
    return entry.kind == MountKind::mask || can_be_moved(plan, entry);
  });
}

}  // namespace

KnownPlan::KnownPlan(BoxPlan plan, std::string bytes)
    : plan_(std::move(plan)),
      bytes_(std::move(bytes)),
      root_(root_of(plan_)),
      walls_(walls_of(plan_)),
      can_wait_(may_wait(plan_)) {}

PlanPtr KnownPlan::of(BoxPlan plan) {
  std::string bytes = encode_plan(plan);
  return PlanPtr(new KnownPlan(std::move(plan), std::move(bytes)));
}

Result<PlanPtr> KnownPlan::decode(std::string_view bytes) {
  return PlanPtr(new KnownPlan(TRY(decode_plan(bytes)), std::string(bytes)));
}

Result<PlanPtr> KnownPlans::of(std::string_view bytes) {
  const auto known =
      std::ranges::find_if(plans_, [&](const PlanPtr& plan) { return plan->bytes() == bytes; });
  if (known != plans_.end()) {
    std::rotate(known, known + 1, plans_.end());
    return plans_.back();
  }
  auto plan = TRY(KnownPlan::decode(bytes));
  if (plans_.size() == kKept) plans_.erase(plans_.begin());
  plans_.push_back(plan);
  return plan;
}

bool can_be_moved(const BoxPlan& plan, const MountEntry& entry) {
  const bool from_host = entry.kind == MountKind::bind || entry.kind == MountKind::device;
  if (!from_host || !entry.identity) return false;
  return std::ranges::any_of(plan.mounts, [&](const MountEntry& outer) {
    return outer.access == Access::read_write && outer.at != entry.at &&
           policy::is_below(entry.at, outer.at);
  });
}

}  // namespace glovebox::box
