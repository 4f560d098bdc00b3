// How a call ended. The first verdict wins and is never overwritten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "box/init_status.h"
#include "os/process.h"

namespace glovebox::box {

enum class Outcome : std::uint8_t {
  finished,   // the tool ran to its end; `status` is its exit status
  signalled,  // the tool was ended by signal `status`
  timed_out,  // the wall clock of the call or of the policy
  memory_limit,
  cpu_limit,
  disk_limit,
  cancelled,       // the control plane or the operator called it off
  shutting_down,   // the worker drains
  forbidden_call,  // seccomp killed the tool (a foreign architecture)
  setup_failed,    // the box could not be made; `detail` is `step: ERRNO`
  interrupted,     // a role died while the call ran; it may have run in part
  denied,          // the policy does not allow the call; `detail` names the rule
  audit_failed,    // nothing was run, since nothing could be recorded
};

std::string_view to_string(Outcome outcome);

struct Usage {
  std::int64_t wall_us = 0;
  std::int64_t cpu_us = 0;
  std::int64_t peak_kib = 0;
};

struct Verdict {
  Outcome outcome = Outcome::finished;
  int status = 0;
  std::string detail;
  bool operator==(const Verdict&) const = default;
};

// What is known when a box is gone.
struct BoxEnd {
  std::optional<Verdict> decided;  // by the keeper, before the box ended: it wins
  InitStatus reported;             // by the box's first process
  os::ExitFacts exit;              // of that process
  bool memory_kill = false;        // the kernel killed a process for the group's memory
};
Verdict judge(const BoxEnd& end);

}  // namespace glovebox::box
