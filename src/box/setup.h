// Carries a plan out: one ordered list of named steps, each a function on os/.
//
// Runs in the first process of a box, right after clone3 gave it its namespaces and the keeper
// wrote its id maps. A layer that the plan lacks is left out, nothing else is. The first step that
// fails ends the attempt; nothing is retried in a weaker form. The seccomp filter comes after
// everything else and is a call of its own, since a shell's init loads it before it forks and a
// tool function loads it as the last thing before it runs.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/layer.h"
#include "box/plan.h"
#include "box/session_places.h"
#include "os/file.h"

namespace glovebox::box {

// A detached copy of a host tree.
struct SourceTree {
  UniqueFd tree;
  os::FileType type = os::FileType::other;
};

// What the steps work on. Lives in the box's first process only.
struct Site {
  const BoxPlan& plan;
  const SessionPlaces& places;
  std::vector<int> kept;          // descriptors that stay open
  std::vector<SourceTree> trees;  // by index in plan.mounts
  UniqueFd root;                  // the new root, while it is made
  std::string step;               // what is being done, for the message
};

struct SetupStep {
  std::string_view name;
  std::optional<Layer> layer;  // left out when the plan lacks it
  Result<void> (*act)(Site&);
};

// In order, without seccomp.
std::span<const SetupStep> setup_steps();

// nullopt: all steps were made. Otherwise `step: ERRNO`.
std::optional<std::string> build_walls(Site& site);
// The last wall. The plan must hold a filter.
std::optional<std::string> load_filter(const BoxPlan& plan);

// `step: ENAME`, or the message of an error without errno.
std::string failure_text(std::string_view step, const Error& error);

}  // namespace glovebox::box
