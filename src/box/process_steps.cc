#include "box/process_steps.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "os/file.h"
#include "os/limits.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

constexpr std::string_view kOomScore = "500";
constexpr unsigned kFileMask = 077;
constexpr std::uint64_t kStack = 64 * kMiB;
constexpr std::uint64_t kLockedMemory = 64 * kKiB;
// Kernel memory that no other limit counts: timers with their signals, POSIX message queues.
constexpr std::uint64_t kPendingSignals = 4096;
constexpr std::uint64_t kMessageQueues = 800 * kKiB;
// Of ours, which count as well: a box's first process, or in keep mode the session's, a box that
// waits for its call, and one that is being made.
constexpr std::uint64_t kOwnProcesses = 1;
constexpr std::uint64_t kSessionProcesses = 3;

// Down to `value`; a limit that is lower already stays.
Result<void> lower(os::Resource resource, std::uint64_t value) {
  return os::set_limit(resource, std::min(value, os::limit_of(resource)));
}

// As many as one call for those that run, and as many for what earlier ones left.
std::uint64_t most_of_session(const BoxPlan& plan) {
  return 2 * std::uint64_t{plan.limits.processes} + kSessionProcesses;
}

std::uint64_t most_processes(const BoxPlan& plan) {
  if (plan.background == Background::kill) return plan.limits.processes + kOwnProcesses;
  // Without a user namespace of its own a call is counted together with all others of its id.
  return plan.layers.has(Layer::own_user_namespace) ? plan.limits.processes : most_of_session(plan);
}

}  // namespace

Result<void> prefer_for_oom_killer(Site& site) {
  TRY(os::set_dumpable());  // or /proc/self belongs to somebody else
  const UniqueFd file = TRY(os::open_at(site.host_proc, "self/oom_score_adj", O_WRONLY));
  return os::write_all(file.get(), kOomScore);
}

Result<void> bring_loopback_up(Site& site) {
  auto up = os::bring_loopback_up();
  // On the third rung the keeper may lack CAP_NET_ADMIN: the box then has no loopback either.
  if (!up && up.error().kind() == ErrorKind::denied &&
      site.plan.rung == Rung::without_user_namespaces)
    return {};
  return up;
}

Result<void> set_host_name(Site& site) {
  return os::set_host_name(site.plan.hostname);
}

Result<void> start_session(Site&) {
  os::set_file_mask(kFileMask);
  return os::new_session();
}

Result<void> new_keyring(Site&) {
  return os::join_new_session_keyring();
}

Result<void> close_descriptors(Site& site) {
  return os::close_others(site.kept);
}

Result<void> limit_session(Site& site) {
  return lower(os::Resource::processes, most_of_session(site.plan));
}

Result<void> set_resource_limits(Site& site) {
  const PlannedLimits& limits = site.plan.limits;
  TRY(lower(os::Resource::core, 0));
  TRY(lower(os::Resource::processes, most_processes(site.plan)));
  TRY(lower(os::Resource::file_size, limits.disk));
  TRY(lower(os::Resource::locked_memory, kLockedMemory));
  TRY(lower(os::Resource::stack, kStack));
  TRY(lower(os::Resource::pending_signals, kPendingSignals));
  TRY(lower(os::Resource::message_queues, kMessageQueues));
  // Each process; the keeper watches the sum.
  const auto cpu = static_cast<std::uint64_t>((limits.cpu.count() + 999) / 1000);
  TRY(lower(os::Resource::cpu_seconds, cpu + 1));
  return os::limit_processors(limits.cores);
}

Result<void> limit_open_files(const BoxPlan& plan) {
  if (!plan.layers.has(Layer::resource_limits)) return {};
  return lower(os::Resource::files, plan.limits.files);
}

Result<void> stay_out_of_reach(Site&) {
  TRY(os::set_not_dumpable());
  return os::die_with_parent();
}

Result<void> enter_folder(Site& site) {
  // Without a mount namespace (only tests plan that) the workspace lies where it is on the host.
  const std::string& path =
      site.plan.layers.has(Layer::mount_namespace) ? site.plan.directory : site.places.workspace;
  const UniqueFd folder = TRY(os::open_path(path, O_PATH | O_DIRECTORY));
  return os::change_folder(folder.get());
}

}  // namespace glovebox::box
