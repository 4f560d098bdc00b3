#include "roles/confinement.h"

#include <array>
#include <string>

#include "os/landlock.h"
#include "os/limits.h"
#include "os/process.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

using os::Capability;

constexpr std::array<Confinement, 6> kTable = {{
    {Role::supervisor, "role-supervisor", FileWall::none, TcpWall::open},
    {Role::auditor, "role-auditor", FileWall::granted_only, TcpWall::shut},
    {Role::boxer, "role-boxer", FileWall::none, TcpWall::open},
    {Role::keeper, "role-keeper", FileWall::none, TcpWall::open},
    {Role::worker, "role-worker", FileWall::granted_only, TcpWall::open},
    {Role::egress, "role-egress", FileWall::granted_only, TcpWall::open},
}};

constexpr unsigned kPrivateFiles = 077;
// What kMaxSessions sessions need in the worker (a stream each, and requests) or the boxer (a
// folder, a channel and a process each), with room. The soft limit is 1,024 on most hosts.
constexpr std::uint64_t kOpenFiles = 16'384;

}  // namespace

const Confinement& confinement_of(Role role) {
  return kTable.at(static_cast<std::size_t>(role));
}

std::vector<Capability> kept_capabilities(Role role, StartedAs started, box::Rung rung) {
  if (started == StartedAs::user) return {};
  if (role == Role::auditor || role == Role::worker || role == Role::egress) return {};
  std::vector<Capability> kept = {Capability::setuid, Capability::setgid, Capability::chown,
                                  Capability::fowner, Capability::kill};
  if (rung == box::Rung::without_user_namespaces) kept.push_back(Capability::sys_admin);
  if (role == Role::supervisor) kept.push_back(Capability::setpcap);
  return kept;
}

Result<void> take_identity(Role role, StartedAs started, box::Rung rung) {
  os::set_file_mask(kPrivateFiles);
  TRY(os::set_limit(os::Resource::core, 0));
  TRY_CONTEXT(os::raise_soft_limit(os::Resource::files, kOpenFiles), "open files");
  if (started == StartedAs::root) {
    const RoleUser user = user_of(role);
    TRY(os::drop_groups());
    // The supervisor is the first of them and comes from root; its securebits then keep the
    // capabilities of the others over their change of id.
    if (role == Role::supervisor) TRY(os::keep_over_uid_change());
    TRY_CONTEXT(os::become(user.uid, user.gid), "take the ids of the role");
  }
  TRY_CONTEXT(os::keep_only(kept_capabilities(role, started, rung)), "drop capabilities");
  // After the change of ids, which would undo both.
  TRY(os::set_not_dumpable());
  if (role != Role::supervisor) TRY(os::die_with_parent());
  return {};
}

Result<void> lock_down(Role role, std::span<const FileGrant> grants) {
  const Confinement& wanted = confinement_of(role);
  // Compiled while everything is still allowed, so that no filter has to admit its own making.
  const seccomp::CompiledFilter filter =
      TRY_CONTEXT(seccomp::compile_builtin(wanted.filter), wanted.filter);
  TRY(os::set_no_new_privileges());
  const int abi = os::landlock_abi();
  if (abi == 0 && wanted.files == FileWall::granted_only)
    return Error(ErrorKind::unsupported,
                 "this kernel has no Landlock\nhint: lsm=landlock on the kernel command line");
  constexpr int kTcpAbi = 4, kScopeAbi = 6;
  const bool walls = wanted.files == FileWall::granted_only ||
                     (wanted.tcp == TcpWall::shut && abi >= kTcpAbi) || abi >= kScopeAbi;
  if (walls) {
    const os::Landlock landlock =
        TRY_CONTEXT(os::Landlock::make(abi, {.files = wanted.files == FileWall::granted_only,
                                             .tcp = wanted.tcp == TcpWall::shut,
                                             .signals = true,
                                             .abstract_sockets = true}),
                    "Landlock");
    for (const FileGrant& grant : grants)
      TRY_CONTEXT(landlock.allow(grant.fd, grant.rights), "Landlock");
    TRY_CONTEXT(landlock.restrict_self(), "Landlock");
  }
  return os::load_filter(filter.program);
}

}  // namespace glovebox::roles
