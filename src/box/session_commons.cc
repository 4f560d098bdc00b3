#include "box/session_commons.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "box/keeper.h"
#include "os/process.h"
#include "tools/shell_state.h"

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

void SessionCommons::set_shell_state(std::string state) {
  shell_state_saved = shell_state == state && shell_state_saved;
  shell_state = std::move(state);
}

void SessionCommons::save_shell_state() {
  if (!shell_state_saved && shell_state) (void)store.save_shell_state(*shell_state);
  shell_state_saved = true;
}

const std::string* SessionCommons::start_of(std::string_view walls) const {
  return shell_start && shell_start->walls == walls ? &shell_start->told : nullptr;
}

void SessionCommons::note_start(const std::string& walls, std::string_view state_out) {
  if (const auto told = tools::told_at_start(state_out)) shell_start = {walls, std::string(*told)};
}

std::string SessionCommons::state_for(std::string_view walls, std::string_view state) const {
  const std::string* const start = start_of(walls);
  return start != nullptr ? tools::changes_since(*start, state) : std::string(state);
}

Result<std::uint64_t> SessionCommons::count_kills() {
  kills_seen = TRY(group.memory_kills());
  return *kills_seen;
}

GroupLimits SessionCommons::group_limits() const {
  const auto own = static_cast<std::uint32_t>(roots.all().size());
  const auto waiting = static_cast<std::uint32_t>(waiting_boxes);
  return {
      granted.memory + kept.memory + kKeeperMemory + waiting * kWaitingMemory,
      granted.processes + kept.processes + kKeeperProcesses + own + waiting * kWaitingProcesses};
}

Result<void> SessionCommons::set_group_limits() {
  constexpr milliseconds kAgain{1};
  constexpr milliseconds kPatience{200};
  const GroupLimits limits = group_limits();
  if (limits_set == limits) return {};
  const Duration until = clock.monotonic() + kPatience;
  auto set = group.set_limits(limits);
  while (!set && errno_name(set.error().error_number()) == "EBUSY" && clock.monotonic() < until) {
    std::vector<os::Poll> nothing;
    TRY(os::poll_fds(nothing, kAgain));
    set = group.set_limits(limits);
  }
  limits_set = set ? std::optional(limits) : std::nullopt;
  return set;
}

Result<void> SessionCommons::raise_group_limits() {
  const GroupLimits limits = group_limits();
  if (limits_set && limits_set->memory >= limits.memory &&
      limits_set->processes >= limits.processes)
    return {};
  return set_group_limits();
}

void SessionCommons::lower_group_limits() {
  const GroupLimits limits = group_limits();
  if (limits_set == limits) return;
  const auto set = group.set_limits(limits);
  limits_set = set ? std::optional(limits) : std::nullopt;
}

}  // namespace glovebox::box
