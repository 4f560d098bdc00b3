// Control groups: the wall round memory and the number of processes, where the host lets us build
// one.
//
// The supervisor makes one subtree below the group that it was started in and gives it to the
// boxer; the boxer makes a group for each session in it. Version 1: the keeper joins the session's
// memory and pids groups before it makes a box, since joining can take 20 ms; the limits are those
// of the session's running calls together. Version 2 with controllers: one group for each call,
// entered by clone3 itself. Version 2 without controllers gives nothing that the pid namespace
// does not give in kill mode, so no group is made.
//
// Whoever outlives the others removes the groups; if all die at once, the next start does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/host.h"

namespace glovebox::box {

// Folders of one group. Version 2 has only `memory`; both empty with CgroupMode::none.
struct GroupPlaces {
  CgroupMode mode = CgroupMode::none;
  std::string memory;  // absolute path in the memory hierarchy, or in the one of version 2
  std::string pids;    // version 1: absolute path in the pids hierarchy
  bool operator==(const GroupPlaces&) const = default;
};

// The groups that this process may make groups in, from /proc/self/cgroup and where the
// hierarchies are mounted. CgroupMode::none when there is nothing writable.
GroupPlaces find_own_groups();

// Makes `name` (a safe folder name) below `parent`; for mode none it is none again. For version 2
// the memory and pids controllers are switched on in `parent` first; without them the answer is
// none too. Existing groups are taken over. Errors: of the kernel.
Result<GroupPlaces> make_group(const GroupPlaces& parent, std::string_view name);
// So that the boxer's own id may make groups in it and join them.
Result<void> give_group(const GroupPlaces& group, std::uint32_t uid, std::uint32_t gid);
// Removes the group and those below it, killing what still runs there. Missing ones are no error.
Result<void> remove_group(const GroupPlaces& group);
// Removes every group below `parent` whose name begins with `prefix` and that has no process;
// returns how many.
std::size_t remove_idle_groups(const GroupPlaces& parent, std::string_view prefix);

// What a call may use of its group.
struct GroupLimits {
  std::uint64_t memory = 0;  // bytes, with swap
  std::uint32_t processes = 0;
  bool operator==(const GroupLimits&) const = default;
};

// One group in use, by descriptors, so that it can be reached after paths are gone.
class Group {
 public:
  // Errors: of the kernel, also when the group is not writable: the caller then plans without.
  static Result<Group> open(const GroupPlaces& places);

  CgroupMode mode() const { return mode_; }
  int fd() const { return memory_.get(); }  // version 2: for clone3
  Result<void> set_limits(const GroupLimits& limits) const;
  Result<void> join() const;  // this process
  // How many processes the kernel has killed in it because its memory was full.
  Result<std::uint64_t> memory_kills() const;

 private:
  CgroupMode mode_ = CgroupMode::none;
  UniqueFd memory_;
  UniqueFd pids_;
};

}  // namespace glovebox::box
