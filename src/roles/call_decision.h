// What the policy says about one call, and the box that comes of it. Decides alone: the caller of
// a call only names the tool.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
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
#include "roles/policy_calendar.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

// The policy as the boxer holds it: loaded, its filters compiled and proved for every day on which
// it may be used.
struct ActivePolicy {
  PolicyCalendar calendar;
  std::map<std::string, box::Filter> filters;       // by filter_key()
  std::map<std::string, std::string> filter_texts;  // they were made of; none for built-in ones
  // By the profile, of the calendar: the way out of its boxes. None: loopback only.
  std::map<const policy::Profile*, box::EgressPlan> ways_out;
  std::map<std::string, std::string> egress_rules;  // egress/rules.h, by digest
  // By the digest of a filter's program: its lines that report calls.
  std::map<std::string, std::vector<seccomp::ReportingRule>> reports;
  // Of the canonical form of the policy and its filters (policy/canonical.h): two hosts with the
  // same digest enforce the same.
  std::string digest;
  std::vector<std::string> protected_paths;  // what no mount may show, its own files among them

  const std::string& file() const { return calendar.turns().front().file; }
};
// `today`: nothing that expired before it is ever allowed. `known`: programs that were made and
// proved for the policy before are not made again of the same text. Errors: invalid (the policy or
// a filter), limit, conflict (it is not the policy whose digest the settings name), internal (a
// shipped filter).
Result<ActivePolicy> activate_policy(const BoxerSettings& settings, policy::Day today,
                                     const ActivePolicy* known = nullptr);

// Whether the programs can be made that the policy's boxes would get: the operator's filters, and
// every filter without what `deny.syscalls` takes away. Errors: those of compile_file().
Result<void> try_filters(const policy::Policy& policy, std::span<const FilterSource> filters);

// Which program a profile's boxes get: `builtin:bash`, and the calls that it denies beside it.
std::string filter_key(const policy::Profile& profile);

// How much records say of a call: the profile's level on that day. Where no profile applies, the
// least that any of the policy's would let them say.
policy::AuditLevel audit_level(const policy::Policy& policy, std::string_view profile);

// Whether a tool only reads; what is not known counts as writing.
CallMode mode_of(std::string_view tool);

struct CallQuestion {
  policy::Day day{};
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
// Of the policy on the question's day. A call that needs an approval is denied: this version has
// nobody to ask.
CallDecision decide_call(const ActivePolicy& active, const BoxerSettings& settings,
                         const box::HostView& view, const CallQuestion& question);

}  // namespace glovebox::roles
