// What the boxes of one session have in common in the keeper. Outlives them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "box/cgroup.h"
#include "box/disk_watch.h"
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
  SystemClock clock{};
  GroupLimits granted{};                     // to the boxes that run, together (version 1)
  std::size_t waiting_boxes = 0;             // made ahead; nothing of a guest's runs in them
  std::optional<std::string> shell_state{};  // once it was read or written; else it is in the store
  SessionRoots roots{};
  std::uint64_t last_box = 0;  // boxes are numbered between the keeper and the session

  // What the session's group must allow for all this (version 1).
  GroupLimits group_limits() const;
  // Sets them. What a box that has ended had in memory may not have been given back yet; a limit
  // below what is used is refused until then, which is waited for a moment.
  Result<void> set_group_limits();
};

// The box's first process counts as well.
inline constexpr std::uint32_t kInitProcesses = 1;

}  // namespace glovebox::box
