// Boxes that are made before their call is known: every wall stands, the shell or the file tool
// waits to be told what to do.
//
// Nothing of a guest's runs in such a box, also not the shell's state: that is told together with
// the call. So what it was made for can only grow old by what the keeper knows itself: another
// plan, another root of the session, other names to guard, a box that died. It is let go then, and
// the call gets a box of its own time; the two differ in nothing but the age of their processes.
//
// One for shells and one for file tools. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "box/box_ends.h"
#include "box/known_plan.h"
#include "box/session_commons.h"
#include "box/session_init.h"

namespace glovebox::box {

class WaitingBoxes {
 public:
  // How long one waits; then it goes, so that a session that does nothing holds nothing.
  static constexpr milliseconds kPatience{120'000};

  explicit WaitingBoxes(SessionCommons& commons) : commons_(commons) {}
  ~WaitingBoxes();
  WaitingBoxes(const WaitingBoxes&) = delete;
  WaitingBoxes& operator=(const WaitingBoxes&) = delete;

  // Sees to it that one waits for a call of this plan, if the plan allows that; another one of the
  // same kind goes. What cannot be made is not told: the call tells it.
  void prepare(const PlanPtr& known);
  // Tells the call to the box that this plan would make with these guarded names (of SessionGuard),
  // if one waits and can be told: it is the caller's from then on.
  std::optional<BoxEnds> take(const KnownPlan& known, std::string_view guarded,
                              const BoxCall& call);
  // What the session's first process tells of a box; true when it was one of these, or one that was
  // let go.
  bool hear(const SessionInit* session, SessionEvent& event);
  // That process is gone, and its boxes with it.
  void lost(const SessionInit* session);
  bool uses(const SessionInit* session) const;
  // The plan of a box that waits, or was let go; null: it is none of these.
  PlanPtr plan_of(const SessionInit* session, std::uint64_t number) const;

  // When it wants to look at its clock; monotonic.
  Duration next_look() const;
  void look(Duration now);

 private:
  struct Box {
    PlanPtr known;
    BoxEnds ends;
    Duration until;
  };
  void let_go(std::size_t at);
  void forget(std::vector<Box>& boxes, std::size_t at);

  SessionCommons& commons_;
  std::vector<Box> boxes_;
  std::vector<Box> leaving_;  // killed, or to be as soon as their process is known
};

}  // namespace glovebox::box
