#include "box/plan_guards.h"

#include <algorithm>
#include <format>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/guard_name.h"
#include "policy/normal_path.h"

namespace glovebox::box {

namespace {

using policy::MountMode;

constexpr std::string_view kAnchor = "@workspace";

std::string place(const policy::Origin& origin) {
  return std::format("{}:{}", origin.file, origin.line);
}

std::string in_box(const std::string& path) {
  return path.starts_with(kAnchor) ? std::string(kWorkspace) + path.substr(kAnchor.size()) : path;
}

// Nothing that is written to protect may do nothing.
Result<void> refuse_idle_pattern(std::string_view path, const policy::Origin& origin) {
  if (!policy::has_idle_star(path)) return {};
  return Error(ErrorKind::denied,
               std::format("{}: `{}` would hide nothing: `*` can only end the last component of a "
                           "path below @workspace, after at least one other character\n"
                           "hint: @workspace/.env*",
                           place(origin), path));
}

// A mount that shows some of the workspace shows it without what is mounted in the workspace.
Result<void> refuse_other_ways(const BoxPlan& plan, const CallFacts& call) {
  if (plan.guards.empty() || call.host_workdir.empty()) return {};
  const bool hides = std::ranges::contains(plan.guards, Protection::hidden, &GuardRule::protection);
  for (const MountEntry& entry : plan.mounts) {
    if (entry.kind != MountKind::bind) continue;
    if (entry.access == Access::read_only && !hides) continue;
    if (!policy::is_below(entry.source, call.host_workdir) &&
        !policy::is_below(call.host_workdir, entry.source))
      continue;
    return Error(ErrorKind::denied,
                 std::format("{} protects names in the workspace {}, and the mount of {} at {} is "
                             "another way to them\n"
                             "hint: take a workspace outside of that folder, or the mount from the "
                             "policy",
                             plan.guards.front().rule, call.host_workdir, entry.source, entry.at));
  }
  return {};
}

void add_mask(BoxPlan& plan, const std::string& at) {
  const bool is_there = std::ranges::any_of(plan.mounts, [&](const MountEntry& entry) {
    return entry.kind == MountKind::mask && entry.at == at;
  });
  if (is_there) return;
  MountEntry entry;
  entry.kind = MountKind::mask;
  entry.at = at;
  entry.presence = Presence::if_present;
  plan.mounts.push_back(entry);
}

// `path` without the folder that it is below; empty for that folder.
std::string rest_of(const std::string& path, const std::string& folder) {
  return folder == "/" ? path : path.substr(folder.size());
}

// What a mount shows of the host; empty: nothing.
std::string source_of(const MountEntry& entry, const CallFacts& call) {
  if (entry.kind == MountKind::workspace) return call.host_workdir;
  return entry.kind == MountKind::bind ? entry.source : std::string();
}

// The mount that a path of the box lies in. Of two at one place the later one is on top.
const MountEntry* mount_of(const BoxPlan& plan, const std::string& at) {
  const MountEntry* found = nullptr;
  for (const MountEntry& entry : plan.mounts) {
    const bool holds = entry.kind != MountKind::mask && policy::is_below(at, entry.at);
    if (holds && (found == nullptr || entry.at.size() >= found->at.size())) found = &entry;
  }
  return found;
}

// Other paths of the box at which a mount shows what is at `at`, or something in it.
std::vector<std::string> aliases_of(const BoxPlan& plan, const std::string& at,
                                    const CallFacts& call) {
  std::vector<std::string> aliases;
  for (const MountEntry& entry : plan.mounts) {
    if (entry.kind != MountKind::inner_bind) continue;
    if (policy::is_below(at, entry.source)) aliases.push_back(entry.at + rest_of(at, entry.source));
    if (policy::is_below(at, entry.at)) aliases.push_back(entry.source + rest_of(at, entry.at));
  }
  const MountEntry* const own = mount_of(plan, at);
  const std::string source = own == nullptr ? std::string() : source_of(*own, call);
  if (source.empty()) return aliases;
  const std::string there = source + rest_of(at, own->at);
  for (const MountEntry& other : plan.mounts) {
    const std::string shown = source_of(other, call);
    if (&other == own || shown.empty()) continue;
    if (policy::is_below(there, shown))
      aliases.push_back(other.at + rest_of(there, shown));
    else if (policy::is_below(shown, there))
      aliases.push_back(other.at);
  }
  return aliases;
}

void hide(BoxPlan& plan, const std::string& at, const CallFacts& call) {
  const std::vector<std::string> aliases = aliases_of(plan, at, call);
  add_mask(plan, at);
  for (const std::string& alias : aliases) add_mask(plan, alias);
}

}  // namespace

bool is_guard(const policy::Mount& mount) {
  if (mount.mode == MountMode::hide) return policy::is_workspace_pattern(mount.at);
  return mount.mode == MountMode::read_only && mount.at.starts_with(kAnchor) &&
         !policy::in_workspace(mount.at).empty();
}

Result<void> add_hidden(BoxPlan& plan, const policy::Profile& profile, const CallFacts& call) {
  for (const policy::Mount& mount : profile.mounts)
    if (mount.mode == MountMode::hide && !is_guard(mount)) hide(plan, in_box(mount.at), call);
  for (const auto& denied : profile.deny.paths) {
    if (denied.value == "/")
      return Error(ErrorKind::denied,
                   std::format("{}: a box without any file cannot be made", place(denied.origin)));
    if (!policy::is_workspace_pattern(denied.value)) hide(plan, in_box(denied.value), call);
  }
  return {};
}

Result<void> add_guards(BoxPlan& plan, const policy::Profile& profile, const CallFacts& call) {
  for (const policy::Guard& guard : profile.guard)
    TRY(refuse_idle_pattern(std::format("{}/{}", kAnchor, guard.name), guard.origin));
  for (const policy::Mount& mount : profile.mounts)
    if (mount.mode == MountMode::hide || is_guard(mount))
      TRY(refuse_idle_pattern(mount.at, mount.origin));
  for (const auto& denied : profile.deny.paths)
    TRY(refuse_idle_pattern(denied.value, denied.origin));
  const auto workspace = std::ranges::find(plan.mounts, MountKind::workspace, &MountEntry::kind);
  if (workspace == plan.mounts.end()) return {};
  const auto add = [&](std::string_view name, Protection protection, Reach reach,
                       const policy::Origin& origin) {
    plan.guards.push_back({std::string(name), protection, reach, place(origin)});
  };
  if (workspace->access == Access::read_write) {
    for (const policy::Guard& guard : profile.guard)
      add(guard.name, Protection::read_only, Reach::repositories, guard.origin);
  }
  for (const policy::Mount& mount : profile.mounts) {
    if (!is_guard(mount)) continue;
    const std::string_view name = policy::in_workspace(mount.at);
    if (mount.mode == MountMode::hide)
      add(name, Protection::hidden, Reach::repositories, mount.origin);
    else if (workspace->access == Access::read_write)
      add(name, Protection::read_only, Reach::workspace, mount.origin);
  }
  for (const auto& denied : profile.deny.paths)
    if (policy::is_workspace_pattern(denied.value))
      add(policy::in_workspace(denied.value), Protection::hidden, Reach::repositories,
          denied.origin);
  // Rules are a set: their order in a file makes no other box.
  const auto key = [](const GuardRule& rule) {
    return std::tie(rule.name, rule.protection, rule.reach, rule.rule);
  };
  std::ranges::sort(plan.guards, [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return refuse_other_ways(plan, call);
}

}  // namespace glovebox::box
