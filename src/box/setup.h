// Carries a plan out: two ordered lists of named steps, each a function on os/.
//
// The session's list runs once in the first process of the session's namespaces and leaves a root
// that all boxes of the plan start from. The call's list runs in the first process of each box,
// right after clone3 gave it its own namespaces. A layer that the plan lacks is left out of both,
// nothing else is. The first step that fails ends the attempt; nothing is retried in a weaker form.
// The seccomp filter comes after everything else and is a call of its own, since a shell's init
// loads it before it forks and a tool function loads it as the last thing before it runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/guarded_name.h"
#include "box/plan.h"
#include "box/session_places.h"
#include "os/file.h"

namespace glovebox::box {

// A detached copy of a host tree.
struct SourceTree {
  UniqueFd tree;
  os::FileType type = os::FileType::other;
};

// What the steps work on.
struct Site {
  Site(const BoxPlan& box_plan, const SessionPlaces& session_places)
      : plan(box_plan), places(session_places) {}

  const BoxPlan& plan;
  const SessionPlaces& places;
  std::vector<int> kept;          // descriptors that stay open
  GuardedNames guarded;           // call: what is to be protected
  int host_proc = -1;             // call: the host's /proc
  int keeper = -1;                // the session's channel to it
  std::uint64_t number = 0;       // call: of the box
  std::vector<SourceTree> trees;  // session: by index in plan.mounts
  UniqueFd root;                  // session: the new root, while it is made
  std::string step;               // what is being done, for the message
};

// nullopt: all steps were made. Otherwise `step: ERRNO`.
std::optional<std::string> build_session(Site& site);
std::optional<std::string> build_call(Site& site);
// The last walls. The plan must hold a filter. Gives the listener of what the filter reports; not
// valid: it reports nothing, or the plan lacks the layer. The error is a text as above.
// With a listener limit_files() follows once that has left: a guest of the same user may have as
// many descriptors under way as its own limit lets it, and this one must get through.
std::expected<UniqueFd, std::string> load_filter(const BoxPlan& plan);
std::optional<std::string> limit_files(const BoxPlan& plan);

// `step: ENAME`, or the message of an error without errno.
std::string failure_text(std::string_view step, const Error& error);

}  // namespace glovebox::box
