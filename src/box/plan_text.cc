#include "box/plan_text.h"

#include <format>

#include "box/guard_search.h"

namespace glovebox::box {

std::string_view to_string(Background background) {
  return background == Background::keep ? "keep" : "kill";
}

std::string_view to_string(MountKind kind) {
  switch (kind) {
    case MountKind::bind:
      return "bind";
    case MountKind::device:
      return "device";
    case MountKind::workspace:
      return "workspace";
    case MountKind::inner_bind:
      return "same as";
    case MountKind::tmpfs:
      return "tmpfs";
    case MountKind::proc:
      return "proc";
    case MountKind::devpts:
      return "devpts";
    case MountKind::directory:
      return "folder";
    case MountKind::symlink:
      return "symlink";
    case MountKind::file:
      return "file";
    case MountKind::mask:
      return "hidden";
  }
  return "unknown";
}

std::string_view to_string(FileRights rights) {
  switch (rights) {
    case FileRights::list:
      return "list";
    case FileRights::read:
      return "read";
    case FileRights::read_execute:
      return "read, execute";
    case FileRights::read_write:
      return "read, write";
    case FileRights::read_write_execute:
      return "read, write, execute";
    case FileRights::scratch:
      return "read, write, sockets, fifos";
    case FileRights::scratch_execute:
      return "read, write, execute, sockets, fifos";
    case FileRights::device:
      return "device";
  }
  return "unknown";
}

std::string size_text(std::uint64_t bytes) {
  if (bytes != 0 && bytes % kGiB == 0) return std::format("{} GiB", bytes / kGiB);
  if (bytes != 0 && bytes % kMiB == 0) return std::format("{} MiB", bytes / kMiB);
  if (bytes != 0 && bytes % kKiB == 0) return std::format("{} KiB", bytes / kKiB);
  return std::format("{} bytes", bytes);
}

std::string time_text(milliseconds time) {
  return time.count() % 1000 == 0 ? std::format("{} s", time.count() / 1000)
                                  : std::format("{} ms", time.count());
}

namespace {

std::string mount_line(const MountEntry& entry) {
  std::string line = std::format("  {:<24} {}", entry.at, to_string(entry.kind));
  switch (entry.kind) {
    case MountKind::bind:
      if (entry.source != entry.at) line += std::format(" of {}", entry.source);
      break;
    case MountKind::inner_bind:
      return line + " " + entry.source + "\n";
    case MountKind::symlink:
      return line + " -> " + entry.source + "\n";
    case MountKind::tmpfs:
      line += " " + size_text(entry.size);
      break;
    case MountKind::file:
      return line + std::format(" {} bytes, made for the box\n", entry.source.size());
    case MountKind::directory:
    case MountKind::mask:
      return line + "\n";
    case MountKind::device:
      return line + ", rw, noexec, nosuid\n";
    case MountKind::workspace:
    case MountKind::proc:
    case MountKind::devpts:
      break;
  }
  line += entry.access == Access::read_write ? ", rw" : ", ro";
  line += entry.execution == Execution::allowed ? "" : ", noexec";
  return line + ", nosuid, nodev\n";
}

std::string guards_text(const BoxPlan& plan) {
  std::string text = std::format(
      "guard     at the root of the workspace, and of repositories at most {} folders below it, "
      "of\n"
      "          the first {} folders; not what lies beyond\n",
      kMaxRepositoryDepth, kMaxFoldersSearched);
  for (const GuardRule& rule : plan.guards)
    text +=
        std::format("  {:<24} {}{} ({})\n", rule.name,
                    rule.protection == Protection::hidden ? "hidden" : "not to be changed or made",
                    rule.reach == Reach::workspace ? ", workspace only" : "", rule.rule);
  return text;
}

std::string egress_text(const EgressPlan& egress) {
  std::string ports;
  for (const std::uint16_t port : egress.ports) ports += std::format(" {}", port);
  return std::format("way out   the egress role alone, by name; DNS and TCP ports{}\n", ports) +
         std::format("          rules sha256 {}\n", egress.rules);
}

std::string_view enforced(Enforced by) {
  return by == Enforced::walled ? "walled" : "watched";
}

}  // namespace

std::string to_text(const BoxPlan& plan) {
  std::string text = std::format("tool      {}\nprofile   {} ({})\nrung      {}\n", plan.tool,
                                 plan.profile, plan.rule, to_string(plan.rung));
  text += std::format("identity  uid {} inside, {}:{} outside\nhostname  {}\ndirectory {}\n",
                      plan.ids.inside, plan.ids.outside_uid, plan.ids.outside_gid, plan.hostname,
                      plan.directory);
  text +=
      plan.background == Background::keep
          ? "background keep: processes, localhost, /proc and scratch folders are the session's\n"
          : "background kill: what the call leaves running ends with it\n";
  if (plan.egress) text += egress_text(*plan.egress);
  text += "layers\n";
  for (Layer layer : kAllLayers)
    text +=
        std::format("  {:<24} {}\n", to_string(layer), plan.layers.has(layer) ? "yes" : "absent");
  text += "mounts\n";
  for (const MountEntry& entry : plan.mounts) text += mount_line(entry);
  if (!plan.guards.empty()) text += guards_text(plan);
  text += "environment\n";
  for (const auto& [name, value] : plan.environment) text += std::format("  {}={}\n", name, value);
  text += std::format("landlock  ABI {}\n", plan.landlock_abi);
  for (const LandlockRule& rule : plan.landlock)
    text += std::format("  {:<24} {}\n", rule.path, to_string(rule.rights));
  text += std::format("seccomp   {} (sha256 {})\n", plan.filter_name, plan.filter_digest);
  const PlannedLimits& limits = plan.limits;
  text += "limits\n";
  text +=
      std::format("  wall      {}\n  cpu       {} ({})\n  cores     {}\n", time_text(limits.wall),
                  time_text(limits.cpu), enforced(limits.cpu_by), limits.cores);
  text +=
      std::format("  memory    {} ({})\n  processes {}\n  files     {}\n", size_text(limits.memory),
                  enforced(limits.memory_by), limits.processes, limits.files);
  text +=
      std::format("  disk      {} ({})\n  tmp       {}\n  output    {}\n", size_text(limits.disk),
                  enforced(limits.disk_by), size_text(limits.tmp), size_text(limits.output));
  return text;
}

}  // namespace glovebox::box
