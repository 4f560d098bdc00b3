// What the boxer holds for each open session and each call that is not over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "base/units.h"
#include "box/cgroup.h"
#include "box/keeper.h"
#include "box/known_plan.h"
#include "box/session_store.h"
#include "roles/call_decision.h"
#include "roles/call_record.h"
#include "roles/call_result.h"
#include "roles/file_chore.h"
#include "roles/workspaces.h"

namespace glovebox::roles {

struct BoxerSession {
  std::shared_ptr<const ActivePolicy> policy;  // the same from its opening to its end
  SessionFacts facts;
  Workspace workspace;
  box::SessionStore store;
  box::GroupPlaces group;
  std::optional<box::Keeper> keeper;
  std::string outputs;  // host path
  std::string close_reason = "closed";
  std::uint32_t background_ended = 0;  // processes that calls had left, at its end
  std::uint64_t index = 0;             // of its latest record
  bool closing = false;                // its caller wants its end
  bool lost_keeper = false;            // one died with what ran
  // By tool: what the policy and the host came to when it was called first. A session keeps its
  // root anyway; what changes on the host meanwhile is for the next session. They hold as long as
  // the policy is what it was then: nothing that expires outlives its day in them.
  std::map<std::string, box::PlanPtr> plans;
  const policy::Policy* plans_of = nullptr;  // of the policy's calendar
  bool stale_keeper = false;   // holds what an earlier day allowed; ends when nothing runs in it
  bool revoked = false;        // its policy was, and so it ends
  bool awaits_egress = false;  // it ends when what its networks did is on record
  // What its guests made under guarded names is looked for, beside the others; its end is recorded
  // when that is done.
  std::optional<FileChore> final_sweep;
  bool orphaned = false;  // its caller is gone, or was told that the end cannot be recorded
  // Answered calls that left something running: what that is refused is recorded with the call.
  struct LeftRunning {
    std::uint64_t ticket = 0;
    std::string tool_use;
    box::PlanPtr plan;
  };
  static constexpr std::size_t kMostLeft = 2 * box::kMostLeftRunning;
  std::deque<LeftRunning> left_running;  // oldest first
};

struct LiveCall {
  std::string session, tool_use;
  CallText text;
  std::optional<milliseconds> time_limit;
  std::vector<UniqueFd> stdio;
  box::PlanPtr plan;  // null: none, or not yet
  std::optional<Denial> denial;
  std::optional<CallResult> result;
  std::uint64_t index = 0;  // of the record that holds the result
  enum class InBox : std::uint8_t { no, running, answered } box = InBox::no;  // answered: it ends
  Duration began{}, ordered{};      // when it arrived, when its box was ordered
  std::optional<Duration> started;  // when its tool ran; until it was counted
  bool is_interrupted = false;      // stopped because its caller is gone
  std::uint64_t network = 0;        // of its box, as the keeper names it; 0: loopback only
  std::optional<CallResult> held;   // it has ended; what it did outside is not all on record yet
};

}  // namespace glovebox::roles
