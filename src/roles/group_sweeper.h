// Removes the control groups of a start once everything of that start is gone.
//
// Started as root, the supervisor gives up the right to remove what it made below the group that
// it was started in. So one small process stays beside it: it holds nothing but one end of a pipe,
// may by Landlock only remove folders and end processes below those two groups' parents, and does
// so when the supervisor has ended, whatever ended it. Linux: cgroup v1 and v2 remove a group by
// rmdir(2), EBUSY while a process is in it.
#pragma once

#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/cgroup.h"
#include "os/process.h"

namespace glovebox::roles {

class GroupSweeper {
 public:
  // Forks; the caller has one thread, and still the rights that it had when it was started.
  static Result<GroupSweeper> start(const box::GroupPlaces& groups);
  GroupSweeper(GroupSweeper&&) = default;
  GroupSweeper& operator=(GroupSweeper&&) = delete;
  GroupSweeper(const GroupSweeper&) = delete;
  GroupSweeper& operator=(const GroupSweeper&) = delete;
  // Everything that ran in the groups is gone: lets it work and waits for its end.
  ~GroupSweeper();

 private:
  GroupSweeper(UniqueFd alive, os::Process process)
      : alive_(std::move(alive)), process_(std::move(process)) {}
  UniqueFd alive_;  // its closing is the sign
  os::Process process_;
};

}  // namespace glovebox::roles
