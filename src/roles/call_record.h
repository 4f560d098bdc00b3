// What the boxer's records say: the members of each kind, as the auditor takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/salt.h"
#include "box/host.h"
#include "box/plan.h"
#include "box/refusal.h"
#include "codec/json.h"
#include "roles/call_decision.h"
#include "roles/call_result.h"
#include "roles/confinement.h"

namespace glovebox::roles {

struct SessionFacts {
  std::string environment, agent, work;
  std::optional<std::uint64_t> last_close;  // index of the record that closed it before
  std::string unserved;  // JSON array of what is attached and not served; empty: nothing
};
codec::JsonObject session_open_members(const SessionFacts& session, const ActivePolicy& active,
                                       const box::HostFacts& host, StartedAs started);
// `ended`: background processes that calls had left and that ended with the session.
codec::JsonObject session_close_members(std::string_view why, std::uint32_t ended);

// What was asked: the tool's input as JSON, or a program's arguments.
struct CallText {
  std::string tool;
  std::string input;
  std::vector<std::string> program;
};
// `salt`: new for each record, of its commitments; it goes along as audit::kSaltMember, which the
// auditor takes out. How much of it is said is the profile's `audit.level`: size and commitment of
// input and output always, the arguments themselves from `args` on, the output with `args_output`.
// What is said is masked and bounded by the auditor.
codec::JsonObject intent_members(const CallText& call, const ActivePolicy& active,
                                 const box::BoxPlan& plan, policy::AuditLevel level,
                                 const audit::Salt& salt);
codec::JsonObject deny_members(const CallText& call, const ActivePolicy& active,
                               const Denial& denial, policy::AuditLevel level,
                               const audit::Salt& salt);

// System calls of a guest that were refused. `filter`: the digest of the box's program; empty when
// it is not known, then no rule is named.
codec::JsonObject refusal_members(const box::Refusal& refusal, const ActivePolicy& active,
                                  const std::string& filter);
// One record of kind fs.deny each: what was found under a guarded name, and where it is now. The
// last tells how many more there were.
std::vector<codec::JsonObject> taken_members(const box::GuardReport& report);

codec::JsonObject result_members(const CallResult& result, policy::AuditLevel level,
                                 const audit::Salt& salt);
codec::JsonObject orphan_members(std::string_view why);

// The walls of one box, as `prot` of its intent.
codec::Json protection_of(const box::BoxPlan& plan);

}  // namespace glovebox::roles
