// The listeners of a session's boxes, as its keeper holds them: reads the system calls that filters
// report, refuses them, and keeps word of them for the log.
//
// A listener is made by the process that loads a box's filter and reaches the keeper before
// anything of a guest's runs; the box keeps no copy. It lives as long as a process of the box does,
// in keep mode also after its call. When the keeper dies the kernel closes it, and answers whoever
// waits, or comes later, with ENOSYS; the boxes themselves die with the keeper.
//
// Nothing here waits for a guest, reads a guest's memory, or lets a call through. What is answered
// is what the box's own program says of the call, run again by the interpreter that proved it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "box/known_plan.h"
#include "box/refusal.h"
#include "box/session_init.h"
#include "os/call_reports.h"
#include "os/process.h"
#include "seccomp/bpf.h"

namespace glovebox::box {

class RefusedCalls {
 public:
  explicit RefusedCalls(const Clock& clock) : clock_(clock) {}

  // Whose call a box works for right now; ticket 0: for none (yet).
  struct Owner {
    std::uint64_t ticket = 0;
    PlanPtr known;  // null: the box is known to nobody any more
    bool answered = false;
  };
  using OwnerOf = std::function<Owner(const SessionInit* session, std::uint64_t box)>;

  void listen(const SessionInit* session, std::uint64_t box, UniqueFd listener);
  // The session's first process is gone, and all that could call.
  void lost(const SessionInit* session);

  void add_polls(std::vector<os::Poll>& polls) const;
  // Gets the entries that add_polls() added.
  void after_poll(const os::Poll* polls, const OwnerOf& owner_of);
  std::size_t polls() const { return boxes_.size(); }

  // What is to be told now, and all there is; see RefusalFolder.
  std::vector<Refusal> take() { return folder_.take(clock_.monotonic()); }
  std::vector<Refusal> take_all() { return folder_.take_all(); }
  Duration next_look() const;

 private:
  struct Box {
    const SessionInit* session;
    std::uint64_t number;
    UniqueFd listener;
    Owner owner;                                // as known last
    Duration rests_until{0};                    // in a flood
    std::vector<seccomp::Instruction> program;  // of the plan, once it is needed
  };
  enum class Still : std::uint8_t { listens, over };
  Still hear(Box& box);
  void refuse(Box& box, const os::ReportedCall& call);

  const Clock& clock_;
  std::vector<Box> boxes_;
  RefusalFolder folder_;
};

}  // namespace glovebox::box
