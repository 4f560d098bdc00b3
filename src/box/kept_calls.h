// The calls of a session in keep mode, as the first process of its namespaces knows them: which
// process belongs to which call, how one call is ended without the others, and who reaps.
//
// A call has no process of ours: its first one becomes the shell. Whatever it leaves running is
// handed to the session's first process by the kernel and lives on; only that one is out of reach.
//
// Every process of a call carries the call's mount namespace and its user namespace, and can leave
// neither. The first is known from the call's birth, by the number of a mount of it; the second is
// learned from processes that are known by the first, and tells also whose a process was that has
// ended. Nothing that a guest says or is named counts.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/plan.h"
#include "box/session_wire.h"
#include "os/process.h"
#include "os/process_view.h"

namespace glovebox::box {

class KeptCalls {
 public:
  // `proc`: the /proc of the session's pid namespace, as this process, the first one, sees it; -1
  // where the plan lacks the walls that tell calls apart (only tests plan that): then nothing but a
  // call's first process is ended with it.
  explicit KeptCalls(UniqueFd proc);

  // `first` has just been made. Kept until no process of the call is left.
  void add(std::uint64_t number, os::Process first);
  // Ends every process of the call, for ever after: also those that are still being made.
  void end(std::uint64_t number);

  // Reaps what has ended, and goes on with ending; returns the calls whose first process is gone
  // now, those that are being ended only when all others of them are gone too.
  std::vector<BoxGone> step();
  // When step() wants to be called again though nothing has ended: something is being ended or
  // made.
  milliseconds patience() const;
  // A call has been ended for so long that what forks on in it may never be caught: then only the
  // end of the session's first process ends it, and all else of the session with it.
  bool is_hopeless() const;
  // What step() told has been passed on: the mounts of those calls may go, which takes a while.
  void let_go() { parting_.clear(); }

  // Also ends processes that belong to no call, should there be any.
  Census census();

 private:
  struct Call {
    std::uint64_t number = 0;
    os::Process first;
    std::optional<os::ExitFacts> exit;
    std::uint64_t mount = 0;
    std::uint64_t user_namespace = 0;  // 0: not learned yet
    std::int64_t ended_us = 0;         // time of its first process and of orphans that have ended
    bool told = false;                 // that its first process is gone
    bool ending = false;
    Duration ending_since{0};
    int empty_looks = 0;
    // Held, so that its last process need not take the mounts apart before it can be reaped.
    UniqueFd mounts;
    int tries_to_hold = 0;
  };

  void reap();
  void reap(pid_t pid);
  void learn(Call& call, std::uint64_t user_namespace);
  Call* owner(std::uint64_t user_namespace);
  Call* owner(const os::ProcessView& process);
  void hold_mounts(Call& call);
  bool is_ending() const;
  // Of every process of the namespace but this one, with the call that it belongs to; null: none.
  template <class Visit>
  void visit_others(const Visit& visit);
  void kill_ending();
  std::uint32_t living(const Call& call);

  SystemClock clock_;
  UniqueFd proc_;
  std::uint64_t own_namespace_ = 0;
  std::vector<Call> calls_;
  std::vector<UniqueFd> parting_;
};

}  // namespace glovebox::box
