// The keeper's ends of one box: what it holds of it from the moment that it asks for it.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/cgroup.h"
#include "box/known_plan.h"
#include "box/session_commons.h"
#include "box/session_init.h"
#include "box/session_wire.h"

namespace glovebox::box {

struct BoxEnds {
  std::uint64_t number = 0;
  std::string guarded;  // as it was made with, see session_guard.h
  BoxStart start = BoxStart::with_its_call;
  Background background = Background::kill;  // as planned
  const SessionInit* session = nullptr;      // that was asked, until the box is gone
  UniqueFd pidfd;                            // of the box's first process, once it is made
  pid_t pid = 0;
  UniqueFd status, answer, output;   // init_status.h; of a function; of a shell
  UniqueFd told, state_out;          // of a shell, tools/shell_state.h
  UniqueFd state_in, command;        // of one that waits: where its call is to be written
  std::optional<GroupPlaces> group;  // version 2: its own
  std::string status_text;           // that was read so far

  void made(UniqueFd process);
  // Ends it and all that it started.
  void kill() const;
  // The kernel has taken it apart.
  void remove_group();
};

// What a box is told when it starts. A function: the name of the tool, a line end, its input.
struct BoxCall {
  std::string_view state;    // of the shell
  std::string_view command;  // or the tool and its input
  BoxStart start = BoxStart::with_its_call;
};
// The longest text that goes through a pipe to a shell, which opens it again: of a page, which a
// pipe has at least, also when the kernel lets this user have no more for each.
inline constexpr std::size_t kMostToShell = 4096;
// Of the file that a shell's state comes in.
inline constexpr std::uint64_t kStateRoom = (1024 + 128) * 1024;

// Asks the session for a box of this plan, with its call or to wait for one. `guarded`: of
// SessionGuard. A program gets `stdio`. Errors: of a step of the keeper; those of the box's own are
// told by itself.
Result<BoxEnds> ask_for_box(SessionCommons& commons, const KnownPlan& known,
                            const std::optional<BoxCall>& call, std::string guarded,
                            std::array<UniqueFd, 3> stdio);

}  // namespace glovebox::box
