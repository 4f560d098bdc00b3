#include "box/session_commons.h"

#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "box/keeper.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

// The keeper and the session's first processes are in its group; so are, for a moment, a first
// process that is being made and those of boxes that have answered.
constexpr std::uint64_t kKeeperMemory = 32 * kMiB;
constexpr std::uint32_t kKeeperProcesses = 2 + 2 * kMaxBoxes;
// A shell that waits, and its first process.
constexpr std::uint64_t kWaitingMemory = 16 * kMiB;
constexpr std::uint32_t kWaitingProcesses = 2;

}  // namespace

GroupLimits SessionCommons::group_limits() const {
  const auto own = static_cast<std::uint32_t>(roots.all().size());
  const auto waiting = static_cast<std::uint32_t>(waiting_boxes);
  return {granted.memory + kKeeperMemory + waiting * kWaitingMemory,
          granted.processes + kKeeperProcesses + own + waiting * kWaitingProcesses};
}

Result<void> SessionCommons::set_group_limits() {
  constexpr milliseconds kAgain{1};
  constexpr milliseconds kPatience{200};
  const GroupLimits limits = group_limits();
  const Duration until = clock.monotonic() + kPatience;
  auto set = group.set_limits(limits);
  while (!set && errno_name(set.error().error_number()) == "EBUSY" && clock.monotonic() < until) {
    std::vector<os::Poll> nothing;
    TRY(os::poll_fds(nothing, kAgain));
    set = group.set_limits(limits);
  }
  return set;
}

}  // namespace glovebox::box
