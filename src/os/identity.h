// Who a process is: ids, id maps of user namespaces, capabilities.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace glovebox::os {

std::uint32_t effective_uid();
std::uint32_t effective_gid();

// Real, effective and saved ids at once. Supplementary groups stay: see drop_groups().
Result<void> become(std::uint32_t uid, std::uint32_t gid);
Result<void> drop_groups();
// Only the effective ids, and back: for one step that must be done as the owner of a folder.
Result<void> act_as(std::uint32_t uid, std::uint32_t gid);

// Writes `inside outside 1` into the maps of a process in a new user namespace and forbids it
// setgroups(2). The caller must be the namespace's maker or have CAP_SETUID over its parent.
Result<void> map_ids(pid_t pid, std::uint32_t inside, std::uint32_t outside_uid,
                     std::uint32_t outside_gid);
// The same by the folder of a process in a /proc, for a process that maps its own ids.
Result<void> map_ids_of(int folder, std::uint32_t inside, std::uint32_t outside_uid,
                        std::uint32_t outside_gid);

// Capability numbers of linux/capability.h that glovebox may keep.
enum class Capability : unsigned {
  chown = 0,
  dac_override = 1,
  dac_read_search = 2,
  fowner = 3,
  kill = 5,
  setgid = 6,
  setuid = 7,
  setpcap = 8,
  sys_admin = 21,
};
// Drops everything but `kept` from all sets, makes the kept ones ambient (so that they pass an
// exec of our own program), empties the bounding set of all others and locks the securebits.
Result<void> keep_only(const std::vector<Capability>& kept);
// No program that is executed from now on gains a capability; what is held stays. Without
// CAP_SETPCAP nothing happens.
Result<void> empty_bounding_set();
// Keeps permitted capabilities over a change of uid away from root.
Result<void> keep_over_uid_change();
// Effective set as a bit mask.
Result<std::uint64_t> effective_capabilities();

}  // namespace glovebox::os
