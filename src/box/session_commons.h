// What the boxes of one session have in common in the keeper. Outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "box/cgroup.h"
#include "box/disk_watch.h"
#include "box/session_guard.h"
#include "box/session_places.h"
#include "box/session_roots.h"
#include "box/session_store.h"

namespace glovebox::box {

struct SessionCommons {
  SessionPlaces places;
  SessionStore store;
  GroupPlaces group_places;  // mode none: there is no group
  Group group;
  DiskWatch disk;
  SessionGuard guard;
  SystemClock clock{};
  GroupLimits granted{};                     // to the boxes that run, together (version 1)
  GroupLimits kept{};                        // the same for what calls leave behind (keep mode)
  std::size_t waiting_boxes = 0;             // made ahead; nothing of a guest's runs in them
  std::optional<std::string> shell_state{};  // once it was read or written; else it is in the store
  bool shell_state_saved = true;
  // What a shell of a plan with these walls starts with, as one told: the next need not be told it.
  struct ShellStart {
    std::string walls, told;
  };
  std::optional<ShellStart> shell_start{};
  SessionRoots roots{};
  std::uint64_t last_box = 0;  // boxes are numbered between the keeper and the session

  std::optional<GroupLimits> limits_set{};
  // Processes of the group that the kernel ended for want of memory, as read last; unset when some
  // may have been since. To read it takes as long as a flush.
  std::optional<std::uint64_t> kills_seen{};
  bool disk_is_full = false;    // some call was ended for that
  bool has_background = false;  // some call of the session has left something running
  std::size_t guests = 0;       // boxes that something of a guest's may run in

  // The next call gets it from memory; the file follows when there is time.
  void set_shell_state(std::string state);
  void save_shell_state();
  // What a shell with these walls starts with; nullptr: none has told.
  const std::string* start_of(std::string_view walls) const;
  // From the first bytes that a shell wrote to its state; nothing if it did not tell (yet).
  void note_start(const std::string& walls, std::string_view state_out);
  // Of the shell's state, what one that starts with these walls has to be told.
  std::string state_for(std::string_view walls, std::string_view state) const;

  // Reads the group again. Errors: of the kernel.
  Result<std::uint64_t> count_kills();
  // What the session's group must allow for all this (version 1).
  GroupLimits group_limits() const;
  // Sets them, unless they are set. What a box that has ended had in memory may not have been given
  // back yet; a limit below what is used is refused until then, which is waited for a moment.
  Result<void> set_group_limits();
  // The same, but never lowers them: for what nobody's call depends on.
  Result<void> raise_group_limits();
  // The same, if it can be done now; else the next call will.
  void lower_group_limits();
};

// The box's first process counts as well.
inline constexpr std::uint32_t kInitProcesses = 1;

}  // namespace glovebox::box
