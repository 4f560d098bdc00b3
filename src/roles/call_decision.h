// What the policy says about one call, and the box that comes of it. Decides alone: the caller of
// a call only names the tool.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "box/outcome.h"
#include "box/plan.h"
#include "policy/policy.h"
#include "roles/boxer_settings.h"
#include "roles/call_gate.h"

namespace glovebox::roles {

// The policy as the boxer holds it: loaded, its filters compiled and proved.
struct ActivePolicy {
  policy::Policy policy;
  std::map<std::string, box::Filter> filters;  // by the word of the policy, `builtin:bash`
  // Of the canonical form of the policy and its filters (policy/canonical.h): two hosts with the
  // same digest enforce the same.
  std::string digest;
  std::vector<std::string> protected_paths;  // what no mount may show, its own files among them
};
// Errors: invalid (the policy or a filter), internal (a shipped filter).
Result<ActivePolicy> activate_policy(const BoxerSettings& settings, policy::Day today);

// Whether a tool only reads; what is not known counts as writing.
CallMode mode_of(std::string_view tool);

struct CallQuestion {
  std::string environment, agent;
  std::string tool;                  // `bash` for a program
  std::vector<std::string> program;  // argv; empty: the tool itself
  std::optional<milliseconds> time_limit;
  std::string workspace;  // host paths
  std::string outputs;
  box::IdMap ids;
};

struct Denial {
  box::Outcome outcome = box::Outcome::denied;  // or setup_failed: the host or the plan
  std::string rule;                             // file:line
  std::string why;                              // for people
  std::string profile;                          // empty when none applied
};

using CallDecision = std::variant<box::BoxPlan, Denial>;
CallDecision decide_call(const ActivePolicy& active, const BoxerSettings& settings,
                         const box::HostView& view, const CallQuestion& question);

}  // namespace glovebox::roles
