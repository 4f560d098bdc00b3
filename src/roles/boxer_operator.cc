// What the operator asks of a boxer that runs: how things are. Policies: boxer_policy.cc.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "box/session_wire.h"
#include "roles/boxer.h"
#include "roles/policy_source.h"

namespace glovebox::roles {

namespace {

using codec::Metric;

// A name that a model made up is not a label.
std::string tool_label(std::string_view tool) {
  constexpr std::array<std::string_view, 6> kKnown = {"bash", "read", "write",
                                                      "edit", "glob", "grep"};
  return std::string(std::ranges::find(kKnown, tool) != kKnown.end() ? tool : "other");
}

// Who said no; empty: nobody did.
std::string_view denying_layer(box::Outcome outcome) {
  switch (outcome) {
    case box::Outcome::denied:
      return "policy";
    case box::Outcome::forbidden_call:
      return "seccomp";
    case box::Outcome::setup_failed:
      return "host";
    case box::Outcome::audit_failed:
      return "audit";
    default:
      return {};
  }
}

}  // namespace

void Boxer::count_answer(const LiveCall& call, box::Outcome outcome) {
  const std::string tool = tool_label(call.text.tool);
  numbers_.add(Metric::calls_total, {tool, std::string(box::to_string(outcome))});
  numbers_.observe(Metric::call_seconds, {tool}, host_.clock.monotonic() - call.began);
  if (const std::string_view layer = denying_layer(outcome); !layer.empty())
    numbers_.add(Metric::denials_total, {std::string(layer)});
}

void Boxer::count_start(LiveCall& call, box::BoxStart start) {
  if (!call.started) return;
  numbers_.observe(Metric::box_start_seconds, {std::string(box::kind_of(start))},
                   *std::exchange(call.started, std::nullopt) - call.ordered);
}

void Boxer::answer_operator(const ipc::Observe& question, const ipc::Channel& supervisor) {
  std::int64_t idle = 0, running = 0, closing = 0;
  for (const auto& [name, session] : sessions_) {
    const bool busy = std::ranges::any_of(
        calls_, [&](const auto& entry) { return entry.second.session == name; });
    ++(session.closing || session.orphaned ? closing : busy ? running : idle);
  }
  numbers_.set(Metric::sessions, {"idle"}, idle);
  numbers_.set(Metric::sessions, {"running"}, running);
  numbers_.set(Metric::sessions, {"closing"}, closing);
  numbers_.forget(Metric::policy_info);
  numbers_.set(Metric::policy_info, {active_->digest}, 1);
  ipc::Observed answer;
  answer.ticket = question.ticket;
  answer.numbers = codec::to_json(numbers_.to_json());
  if (!log_client_.connected()) answer.problem = "there is no auditor";
  // One that is gone ends the boxer by itself.
  (void)supervisor.send(ipc::Observed::kType, answer.encode());
}

}  // namespace glovebox::roles
