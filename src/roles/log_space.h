// A log whose disk is full: nothing is recorded, so nothing runs, until there is space again.
//
// The auditor then turns everybody away and waits here, instead of ending at once and being started
// again into the same full disk until glovebox gives up. When there is space it ends, and the one
// that is started after it reads what is really on the disk.
#pragma once

#include <cstdint>
#include <functional>

#include "base/units.h"
#include "ipc/channel.h"
#include "roles/role_start.h"

namespace glovebox::roles {

// What a log needs to be of use: records of the largest size, and the next head.
constexpr std::uint64_t kLeastLogSpace = 1 * kMiB;
// Whether the file system below `folder` has that much. A quota is not seen.
bool has_log_space(int folder);

struct SpacePatience {
  milliseconds look{1000};  // how often
  // However soon there is space, or seems to be: rarer than role deaths end glovebox.
  int least_looks = 15;
};

// Returns when `has_space` says so, or when the supervisor says stop or is gone. Peers that it
// sends meanwhile are closed: they are to know that there is no log. Its updates go to `update`:
// whoever waits for an answer to one is not to wait for space.
using TakeUpdate = std::function<void(SupervisorEvent&&)>;
void wait_for_space(const ipc::Channel& supervisor, const std::function<bool()>& has_space,
                    const TakeUpdate& update, SpacePatience patience = {});

}  // namespace glovebox::roles
