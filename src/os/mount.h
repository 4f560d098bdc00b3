// The kernel's mount calls by descriptor (open_tree, move_mount, mount_setattr, fsopen), so that no
// path is walked twice. See mount_setattr(2), fsopen(2), open_tree(2).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

struct MountFlags {
  bool read_only = false;
  bool no_exec = false;
  bool no_suid = true;
  bool no_dev = true;
};

enum class Depth { one, all };  // only this mount, or also what is mounted below

// A detached copy of the tree at `path` (below `folder` if relative). An empty path with a folder
// descriptor copies that very place.
Result<UniqueFd> copy_tree(int folder, const std::string& path, Depth depth);
Result<void> set_mount_flags(int tree, const MountFlags& flags, Depth depth);
// Takes the read-only flag from this mount, where nobody with more rights has set it.
Result<void> allow_writes(int tree);
Result<void> attach(int tree, int folder, const std::string& path);
// Whether the place is where a mount begins: nobody for whom it is mounted can move or remove it.
Result<bool> is_mount_root(int place);
// Whether the mount that it lies in can be written to by nobody.
Result<bool> is_read_only_mount(int place);
// A new file system that is not attached anywhere yet.
Result<UniqueFd> new_tmpfs(std::uint64_t size, std::uint64_t inodes, std::uint32_t mode);
enum class ProcView { own_user, session };  // hidepid=2, or 0
Result<UniqueFd> new_proc(ProcView view);
Result<UniqueFd> new_devpts();
// Nothing that is mounted from now on is seen outside, and nothing from outside here.
Result<void> make_all_private();
// Makes `folder` the root and lets go of the old one.
Result<void> pivot_to(int folder);

}  // namespace glovebox::os
