// The supervisor's part in loading policies: the first one, and those that the operator asks for
// while it runs. The order of the steps is PolicyDesk's.
#include <algorithm>
#include <format>
#include <string>
#include <utility>

#include "os/identity.h"
#include "os/process.h"
#include "roles/call_decision.h"
#include "roles/supervisor.h"

namespace glovebox::roles {

namespace {

constexpr milliseconds kFirstPolicyPatience{60'000};
// After a record was refused: for the auditor to say that it gives up, if it does.
constexpr milliseconds kLastWordPatience{500};

PolicyRequest::What what_of(ipc::ControlAct act) {
  switch (act) {
    case ipc::ControlAct::load:
      return PolicyRequest::What::load;
    case ipc::ControlAct::rollback:
      return PolicyRequest::What::rollback;
    case ipc::ControlAct::revoke:
      return PolicyRequest::What::revoke;
    case ipc::ControlAct::status:
      break;
  }
  return PolicyRequest::What::status;
}

}  // namespace

// --- before there is one

// On record before egress starts, and also when it does not.
Outcome<> Supervisor::record_proof() {
  if (!options_.egress_proof) return {};
  const EgressProof& proof = *options_.egress_proof;
  const auto answered = [&]() -> Result<void> {
    const std::uint64_t sequence =
        TRY(policy_log_.append(audit::RecordKind::config, proof.members));
    std::vector<os::Poll> polls = {{.fd = policy_log_.fd()}};
    if (!TRY(os::poll_fds(polls, kFirstPolicyPatience)))
      return Error(ErrorKind::timeout, "it was not recorded in time");
    const auto answer = TRY(policy_log_.receive());
    if (!answer) return Error(ErrorKind::closed, "the auditor ended");
    if (answer->sequence != sequence) return Error(ErrorKind::protocol, "another answer");
    if (answer->refused) return Error(ErrorKind::denied, *answer->refused);
    return {};
  }();
  if (!answered) return failure(ExitCode::log_failed, answered.error(), "the proof of egress");
  if (!proof.failed) return {};
  (void)stop(StopMode::drain);  // so that the log has its end
  return Failure{
      ExitCode::host_lacks,
      std::format("egress does not start: {}\nhint: glovebox doctor egress", *proof.failed)};
}

// --- the first one

// Recorded before there is a boxer, which starts with it: so no session is older than the record of
// its policy.
Outcome<> Supervisor::load_first_policy(Peers boxer_peers) {
  first_boxer_ = std::move(boxer_peers);
  desk_.ask({.what = PolicyRequest::What::load,
             .by = {.way = Asker::Way::start, .uid = os::effective_uid(), .pid = os::own_pid()},
             .source = options_.policy});
  const Child& auditor = children_.at(Role::auditor);
  while (!desk_.idle()) {
    std::vector<os::Poll> polls = {{.fd = policy_log_.connected() ? policy_log_.fd() : -1},
                                   {.fd = auditor.channel.fd()}};
    auto ready = os::poll_fds(polls, kFirstPolicyPatience);
    if (!ready) return ready.error();
    if (!*ready) return Failure{ExitCode::bug, "the first policy was not recorded in time"};
    if (polls[0].readable) read_policy_log();
    if (polls[1].readable) TRY(read_from(Role::auditor));
    if (auditor.fatal) return *auditor.fatal;
    if (!auditor.channel.open())
      return Failure{ExitCode::bug, "the auditor ended before the first policy was recorded"};
  }
  first_boxer_.reset();
  if (desk_.active()) return {};
  return why_not_loaded();
}

Outcome<> Supervisor::why_not_loaded() {
  if (start_failure_) return *start_failure_;
  // A log that cannot be written is told by the auditor itself.
  const Child& auditor = children_.at(Role::auditor);
  std::vector<os::Poll> polls = {{.fd = auditor.channel.fd()}};
  if (const auto ready = os::poll_fds(polls, kLastWordPatience); ready && *ready)
    TRY(read_from(Role::auditor));
  if (auditor.fatal) return *auditor.fatal;
  const PolicyDesk::Refusal& refusal = *desk_.last_refusal();
  if (refusal.cause == PolicyDesk::Cause::log)
    return Failure{ExitCode::log_failed, "the policy cannot be kept: " + refusal.why};
  return Failure{ExitCode::unconfigured, refusal.why};
}

// --- later

Outcome<> Supervisor::open_control() {
  auto control = ControlServer::open(options_.state.run());
  if (!control) return failure(ExitCode::unconfigured, control.error(), "control socket");
  control_.emplace(std::move(*control));
  return {};
}

void Supervisor::read_policy_log() {
  auto answer = policy_log_.receive();
  if (answer && *answer) return desk_.log_answered(std::move(**answer));
  if (!answer) log_.error("the auditor broke the protocol", {{"why", answer.error().message()}});
  policy_log_.disconnect();
  desk_.log_lost();
}

void Supervisor::attend_policy() {
  std::vector<os::Poll> polls = {{.fd = policy_log_.connected() ? policy_log_.fd() : -1}};
  if (control_)
    for (const int fd : control_->fds()) polls.push_back({.fd = fd});
  if (const auto ready = os::poll_fds(polls, milliseconds(0)); !ready || !*ready) return;
  if (polls.front().readable) read_policy_log();
  if (!control_ || std::none_of(polls.begin() + 1, polls.end(),
                                [](const os::Poll& poll) { return poll.readable; }))
    return;
  const std::uint32_t own = os::effective_uid();
  const auto may_ask = [&](const os::PeerFacts& who) {
    const bool is_role = std::ranges::any_of(children_, [&](const auto& child) {
      return child.second.process.running() && child.second.process.pid() == who.pid;
    });
    return (who.uid == 0 || who.uid == own) && !is_role;
  };
  for (ControlServer::Asked& asked : control_->attend(may_ask)) {
    if (asked.request.act != ipc::ControlAct::status)
      log_.info("the operator asks for another policy",
                {{"uid", static_cast<std::int64_t>(asked.who.uid)}, {"pid", asked.who.pid}});
    desk_.ask({.what = what_of(asked.request.act),
               .subject = std::move(asked.request.subject),
               .also_revoked = asked.request.also_revoked != 0,
               .by = {.way = Asker::Way::control, .uid = asked.who.uid, .pid = asked.who.pid},
               .client = asked.client});
  }
}

// --- what the desk has done

Result<PolicySource> Supervisor::read_policy(const std::string& file) {
  auto source = roles::read_policy(file, opener_);
  if (!source && source.error().kind() == ErrorKind::denied && options_.started == StartedAs::root)
    return Error(ErrorKind::denied,
                 source.error().message() +
                     "\nhint: while glovebox runs it reads policies from the folders of those that "
                     "it was started with");
  if (source) TRY(renew_injected(source->policy));
  return source;
}

Result<std::string> Supervisor::digest_of(const PolicySource& source) {
  // The process can prove it no more: it is confined.
  if (options_.worker && !options_.egress_proof && has_egress_rule(source.policy))
    return Error(ErrorKind::denied,
                 "it has egress rules, and egress was not proved at the start, which was with a "
                 "policy that has none\nhint: restart glovebox with this policy");
  weighed_ = TRY(activate_policy(boxer_settings(source, "", Sessions::opened),
                                 day_of(clock_.wall()), weighed_ ? &*weighed_ : nullptr));
  return weighed_->digest;
}

std::string Supervisor::settings_with(const PolicySource& source, const std::string& digest) {
  return codec::to_json(boxer_settings(source, digest, Sessions::opened).to_json());
}

Result<std::optional<ipc::PolicyReport>> Supervisor::order(const ipc::PolicyOrder& order) {
  if (first_boxer_) {
    const auto settings = TRY(codec::parse_json(order.subject));
    const auto started = start_first(Role::boxer, settings, *first_boxer_);
    if (!started) start_failure_ = started.error();
    return std::optional(
        ipc::PolicyReport{order.ticket, started ? "" : started.error().message, "{}"});
  }
  const auto boxer = children_.find(Role::boxer);
  if (boxer == children_.end() || !boxer->second.channel.open())
    return Error(ErrorKind::closed, "there is no boxer");
  TRY(boxer->second.channel.send(ipc::PolicyOrder::kType, order.encode()));
  return std::optional<ipc::PolicyReport>();
}

void Supervisor::answer(std::uint64_t client, const ipc::ControlAnswer& answer) {
  if (control_) control_->answer(client, answer);
}

}  // namespace glovebox::roles
