#include "box/host_trial.h"

#include <fcntl.h>

#include <format>
#include <optional>
#include <string>
#include <utility>

#include "box/init_status.h"
#include "box/setup.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/limits.h"
#include "os/mount.h"

namespace glovebox::box {

namespace {

constexpr std::uint64_t kTrialRoot = 64 * kKiB;
constexpr std::uint64_t kTrialInodes = 16;

bool has_user_namespace(Rung rung) {
  return rung != Rung::without_user_namespaces;
}

// Runs `child` in new namespaces once its ids are mapped; its error comes back as text.
Result<void> run_trial(os::NamespaceFlags spaces, Rung rung,
                       const std::function<Result<void>()>& child) {
  if (has_user_namespace(rung)) spaces |= static_cast<os::NamespaceFlags>(os::Namespace::user);
  auto go = TRY(os::make_pipe());
  auto told = TRY(os::make_pipe());
  TRY(os::set_dumpable());
  os::Process process = TRY(os::fork_into(spaces, [&] {
    go.writer.reset();
    char byte = 0;
    const auto got = os::read_some(go.reader.get(), &byte, 1);
    if (!got || *got != 1) return 1;
    auto done = child();
    if (!done) (void)os::write_all(told.writer.get(), done.error().message());
    return done ? 0 : 1;
  }));
  told.writer.reset();
  if (has_user_namespace(rung)) {
    // As a plan does it: a plain id, the caller's own outside.
    constexpr std::uint32_t kInside = 1000;
    TRY_CONTEXT(os::map_ids(process.pid(), kInside, os::effective_uid(), os::effective_gid()),
                "map ids");
  }
  TRY(os::write_all(go.writer.get(), "g"));
  const std::string failed = TRY(os::read_all(told.reader.get(), kMaxStatusText));
  const auto exit = TRY(process.reap(os::Process::Wait::yes));
  if (exit && !exit->signalled && exit->code == 0) return {};
  return Error(ErrorKind::unsupported, failed.empty() ? "the trial ended early" : failed);
}

Result<void> build(Rung rung) {
  if (has_user_namespace(rung)) {
    constexpr std::uint32_t kInside = 1000;
    const UniqueFd nesting = TRY_CONTEXT(
        os::open_path("/proc/sys/user/max_user_namespaces", O_WRONLY), "forbid nested namespaces");
    TRY_CONTEXT(os::write_all(nesting.get(), "0"), "forbid nested namespaces");
    TRY_CONTEXT(os::become(kInside, kInside), "take an identity");
  }
  TRY_CONTEXT(os::make_all_private(), "make mounts private");
  const UniqueFd root = TRY_CONTEXT(os::new_tmpfs(kTrialRoot, kTrialInodes, 0755), "tmpfs");
  TRY_CONTEXT(os::attach(root.get(), AT_FDCWD, "/"), "attach a root");
  TRY(os::make_folder(root.get(), "proc", 0755));
  const UniqueFd proc = TRY_CONTEXT(os::new_proc(os::ProcView::own_user), "mount /proc");
  TRY_CONTEXT(os::attach(proc.get(), root.get(), "proc"), "mount /proc");
  TRY_CONTEXT(os::pivot_to(root.get()), "change the root");
  TRY_CONTEXT(os::set_host_name("box"), "set the host name");
  if (has_user_namespace(rung)) TRY_CONTEXT(os::bring_loopback_up(), "bring loopback up");
  return {};
}

}  // namespace

Result<void> try_box(Rung rung) {
  using enum os::Namespace;
  const os::NamespaceFlags all = (mount | pid) | (network | ipc) | (uts | cgroup);
  return run_trial(all, rung, [&] { return build(rung); });
}

Result<void> try_namespace(os::Namespace space, Rung rung) {
  return run_trial(static_cast<os::NamespaceFlags>(space), rung, [] { return Result<void>(); });
}

}  // namespace glovebox::box
