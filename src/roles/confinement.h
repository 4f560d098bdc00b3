// What each role gives up before it works, as one table and one ordered list of steps.
//
// A step that fails is a failed start (Fatal to the supervisor, exit 71 or 70), never a warning.
// What a role needs from outside its walls it opens between the two halves.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "box/host.h"
#include "os/identity.h"
#include "roles/role.h"

namespace glovebox::roles {

// Whose rights glovebox was started with.
enum class StartedAs : std::uint8_t { user, root };

// none: no file rules. A ruleset over files would also forbid every mount in this process and its
// children, so the processes that boxes descend from cannot have one.
enum class FileWall : std::uint8_t { none, granted_only };
// TCP is left open to the worker, which talks to the control plane, to egress, and to the processes
// that boxes descend from: a box needs its own loopback, and rules are inherited.
enum class TcpWall : std::uint8_t { open, shut };

struct Confinement {
  Role role = Role::supervisor;
  std::string_view filter;  // of seccomp/, loaded last
  FileWall files = FileWall::granted_only;
  TcpWall tcp = TcpWall::shut;
};
const Confinement& confinement_of(Role role);

// Started as root only; empty otherwise. The supervisor keeps what it must hand to a boxer that it
// starts again, and CAP_SETPCAP so that every other role can empty its bounding set.
std::vector<os::Capability> kept_capabilities(Role role, StartedAs started, box::Rung rung);

// First half: the ids and capabilities of the role, non-dumpable, dies with its maker, umask 077,
// no core files. Errors: of the kernel.
Result<void> take_identity(Role role, StartedAs started, box::Rung rung);

// A file or folder that the role may go on using by path, and what it may do there
// (os::file_right). `fd` is O_PATH and stays the caller's.
struct FileGrant {
  int fd = -1;
  std::uint64_t rights = 0;
};
// Second half: no_new_privs, Landlock, seccomp. Errors: of the kernel; unsupported when there is
// no Landlock and the role has a wall of files.
Result<void> lock_down(Role role, std::span<const FileGrant> grants);

}  // namespace glovebox::roles
