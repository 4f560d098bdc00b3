// The guarded names of one session, as its keeper sees to them: looked for before each call, swept
// after it.
//
// While nothing of the session's guests runs, what is found was there before them: it is known from
// then on. Otherwise (a call beside this one, or what earlier calls left in keep mode) what is not
// known yet is theirs and is taken away first, and what was known and is not found is known no
// more: the box that is about to be made does not protect it. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "box/guard_sweep.h"
#include "box/plan.h"
#include "box/session_places.h"

namespace glovebox::box {

enum class Guests : std::uint8_t { none, run };

class SessionGuard {
 public:
  // `session_fd`: the session's folder, stays the caller's.
  SessionGuard(const SessionPlaces& places, int session_fd)
      : workspace_(places.workspace), session_fd_(session_fd) {}

  // What a box of this plan has to protect, as encode_guarded() writes it; empty without rules.
  // What was taken away for it is in the next report. Errors: what must be protected cannot be, or
  // something that should not be there cannot be moved.
  Result<std::string> begin(const BoxPlan& plan, Guests guests);
  // The same for a box that may come: it changes nothing.
  Result<std::string> look(const BoxPlan& plan) const;
  // After a call of this plan.
  GuardReport end(const BoxPlan& plan);
  // A call of this plan has left something running.
  void has_left(const BoxPlan& plan);
  // Nothing of the session's guests runs: until the next call nobody has to sweep.
  void rest();

 private:
  struct Watch {
    GuardWatch watch;
    bool is_kept = false;  // what calls under it left may make more, also after other calls
  };
  Watch& watch_of(const BoxPlan& plan);
  Result<void> load();
  Result<void> save();
  template <class Wanted>
  void sweep_watches(const GuardGround& ground, const Wanted& wanted);
  GuardGround ground_of(const BoxPlan& plan) const {
    return {workspace_, session_fd_, plan.ids, &cache_, &roots_};
  }

  std::string workspace_;
  int session_fd_;
  std::vector<Watch> watches_;
  GuardRoots roots_;
  mutable FolderCache cache_;  // changes no answer
  std::string saved_;          // the watches in the session's folder; empty: there are none
  bool is_loaded_ = false;
  bool owes_ = false;   // something was not swept, or could not be moved
  GuardReport report_;  // until the end of the next call
};

}  // namespace glovebox::box
