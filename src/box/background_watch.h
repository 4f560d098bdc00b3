// What calls of a session in keep mode leave behind, as the keeper sees it: processes that live on,
// and the output that still comes from them.
//
// The limits of a call hold for all that it started for as long as that lives; only its wall clock
// ends with it. Beside that, what all calls of the session left may together use as much memory
// and as many processes as one call may; above that the call that left most is ended, until the
// rest fits. The same holds for the disk, but there nobody can tell who wrote: all are ended.
//
// Late output goes to a file of the session, never into the answer of another call; above the
// limit it is read and thrown away, so that no writer ever waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "box/cgroup.h"
#include "box/disk_watch.h"
#include "box/keeper.h"
#include "box/plan.h"
#include "box/process_watch.h"
#include "box/session_init.h"
#include "box/session_store.h"
#include "os/process.h"

namespace glovebox::box {

// Of one call that has been answered.
struct LeftBehind {
  const SessionInit* session = nullptr;
  Census::Use use;  // of its processes, as counted last
  PlannedLimits limits;
  IdMap ids;
  UniqueFd output;                   // the pipe that its processes may still write to, or none
  std::optional<GroupPlaces> group;  // its own (version 2), removed when it is empty
  bool ending = false;
};

// Output that comes after the answer.
class LateOutput {
 public:
  LateOutput(const SessionStore& store, UniqueFd pipe, std::uint64_t limit)
      : store_(&store), pipe_(std::move(pipe)), limit_(limit) {}

  int fd() const { return pipe_.get(); }
  // Takes what is there. False: nobody can write to it any more.
  bool read();

 private:
  void keep(std::string_view bytes);

  const SessionStore* store_;
  UniqueFd pipe_;
  std::uint64_t limit_;
  enum class File : std::uint8_t { none, open, given_up } state_ = File::none;
  UniqueFd file_;
  std::uint64_t written_ = 0;
};

class BackgroundWatch {
 public:
  // All outlive this.
  BackgroundWatch(const SessionStore& store, DiskWatch& disk, const Clock& clock)
      : store_(store), disk_(disk), clock_(clock) {}

  void add(LeftBehind left);
  // `running`: the sessions whose calls run now and have to be counted too. Monotonic.
  Duration next_look(const std::vector<const SessionInit*>& running);
  void look(const std::vector<const SessionInit*>& running);
  // What a session counted. `running`: its calls that run now, which look after themselves.
  void counted(const SessionInit* session, const Census& census,
               const std::vector<std::uint64_t>& running);
  // Everything that was left, of every session.
  void end_all();
  // The session is gone, and all of it.
  void lost(const SessionInit* session);

  void add_polls(std::vector<os::Poll>& polls) const;
  void after_poll(const os::Poll* polls);
  std::size_t polls() const { return late_.size(); }

  // How many processes live on, as counted last.
  std::uint32_t processes() const;

  // Calls that have left something at the same time; one more, and the oldest is ended.
  static constexpr std::size_t kMostCalls = kMostLeftRunning;

 private:
  struct Pace {
    const SessionInit* session;
    WatchPace pace;
    bool asked = false;  // the answer is on its way
  };

  void watch(const std::vector<const SessionInit*>& running);
  void limit_each(const SessionInit* session);
  void limit_together(const SessionInit* session);
  void end(LeftBehind& left);
  void forget(const SessionInit* session, const std::vector<std::uint64_t>& alive);

  const SessionStore& store_;
  DiskWatch& disk_;
  const Clock& clock_;
  std::vector<LeftBehind> left_;  // oldest first
  std::vector<LateOutput> late_;
  std::vector<Pace> paces_;
  Duration next_disk_{0};
};

}  // namespace glovebox::box
