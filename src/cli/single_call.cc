#include "cli/single_call.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <format>
#include <utility>

#include "cli/process_secrets.h"
#include "codec/uuid.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "policy/normal_path.h"

namespace glovebox::cli {

namespace {

constexpr milliseconds kLastOutput{2000};

Failure unusable(const Error& error) {
  // Whatever is wrong with a folder that was named, it cannot be run with.
  return Failure{error.kind() == ErrorKind::conflict ? ExitCode::busy : ExitCode::unconfigured,
                 error.message()};
}

// Where agents write there may be nothing that decides about them.
Outcome<> refuse_overlap(const std::string& workdir, const std::string& state,
                         const roles::PolicySource& policy) {
  const auto refuse = [&](std::string_view what, std::string_view path) {
    return Failure{
        ExitCode::unconfigured,
        std::format("{} {} and the workspace {} must not lie in each other", what, path, workdir)};
  };
  using policy::is_below;
  if (is_below(state, workdir) || is_below(workdir, state))
    return refuse("the state folder", state);
  for (const std::string& path : policy.paths) {
    const UniqueFd file = os::open_path(path, O_PATH).value_or(UniqueFd());
    const auto real = os::read_link_at(AT_FDCWD, std::format("/proc/self/fd/{}", file.get()));
    if (real && is_below(*real, workdir)) return refuse("the policy", *real);
  }
  return {};
}

std::string temporary_folder() {
  std::string named = variable("TMPDIR");
  if (!named.starts_with('/')) named = "/tmp";
  return named;
}

}  // namespace

SingleCall::SingleCall(SingleSession session, const Clock& clock)
    : session_(std::move(session)), clock_(clock) {}

Outcome<std::unique_ptr<SingleCall>> SingleCall::start(SingleSession session, const Clock& clock,
                                                       const Log& log, Random& random) {
  const auto started = os::effective_uid() == 0 ? roles::StartedAs::root : roles::StartedAs::user;
  std::unique_ptr<SingleCall> single(new SingleCall(std::move(session), clock));
  SingleSession& wanted = single->session_;
  single->fresh_ = !wanted.state.has_value();
  auto state = wanted.state ? roles::StateFolder::open(*wanted.state, started)
                            : roles::StateFolder::make_fresh(temporary_folder(), started, random);
  if (!state) return unusable(state.error());
  EgressOrder egress;
  if (wanted.egress)
    egress = *std::exchange(wanted.egress, std::nullopt);
  else if (roles::has_egress_rule(wanted.policy.policy))
    egress = TRY(egress_order({}, TRY(read_surroundings())));
  roles::SupervisorOptions options{.started = started,
                                   .state = std::move(*state),
                                   .policy = wanted.policy,
                                   .egress = std::move(egress.settings),
                                   .egress_secrets = std::move(egress.secrets),
                                   .credentials = variable("CREDENTIALS_DIRECTORY")};
  if (wanted.workdir) {
    if (auto named = roles::check_work_name(*wanted.workdir); !named)
      return unusable(named.error());
    const UniqueFd folder =
        os::open_path(*wanted.workdir, O_PATH | O_DIRECTORY).value_or(UniqueFd());
    if (!folder) return Failure{ExitCode::unconfigured, *wanted.workdir + " is not a folder"};
    auto real = os::read_link_at(AT_FDCWD, std::format("/proc/self/fd/{}", folder.get()));
    if (!real) return real.error();
    if (started == roles::StartedAs::root)
      if (auto reachable = roles::check_reachable(*real); !reachable)
        return unusable(reachable.error());
    TRY(refuse_overlap(*real, options.state.path(), options.policy));
    options.work = std::move(*real);
    options.workspace = roles::WorkspaceMode::shared;
  }
  if (!wanted.session) options.end = roles::SessionEnd::remove;
  single->name_ = wanted.session.value_or("exec-" + codec::uuid4(random));
  auto signals = os::open_signals({SIGINT, SIGTERM, SIGUSR1});
  if (!signals) return signals.error();
  single->signals_ = std::move(*signals);
  auto supervisor = roles::Supervisor::start(std::move(options), clock, log);
  if (!supervisor) return supervisor.error();
  single->supervisor_ = std::move(*supervisor);
  TRY(single->open_session());
  return single;
}

Outcome<> SingleCall::open_session() {
  generation_ = supervisor_->generation();
  boxer_gone_ = false;
  const ipc::OpenSession open{name_, session_.environment, session_.agent, "exec", {}};
  // A boxer that dies now is replaced, and this is said again to its successor.
  (void)supervisor_->boxer().send(ipc::OpenSession::kType, open.encode());
  std::vector<OutputRelay> none;
  auto opened = wait_for(ipc::SessionOpened::kType, none);
  if (!opened) return opened.error();
  return {};
}

// --- one round of waiting

Outcome<> SingleCall::read_signals() {
  for (;;) {
    auto number = os::read_signal(signals_.get());
    if (!number) return number.error();
    if (!*number) return {};
    if (**number == SIGUSR1) {
      constexpr int kStandardError = 2;
      (void)os::write_all(kStandardError, supervisor_->state_line() + "\n");
      continue;
    }
    if (signal_) {
      (void)supervisor_->stop(roles::Supervisor::StopMode::at_once);
      return Failure{static_cast<ExitCode>(to_int(ExitCode::signalled) + **number), "interrupted"};
    }
    signal_ = **number;
    if (order_ == nullptr)
      return Failure{static_cast<ExitCode>(to_int(ExitCode::signalled) + **number), "interrupted"};
    const ipc::Cancel cancel{name_, order_->call, 1};
    (void)supervisor_->boxer().send(ipc::Cancel::kType, cancel.encode());
  }
}

Outcome<> SingleCall::read_boxer() {
  auto envelope = supervisor_->boxer().receive();
  if (!envelope || !*envelope) {
    boxer_gone_ = true;  // until the supervisor has started another
    return {};
  }
  if (!ipc::accepts(ipc::Connection::worker_of_boxer, (*envelope)->type))
    return Failure{ExitCode::bug, "the boxer broke the protocol"};
  inbox_.push_back(std::move(**envelope));
  return {};
}

Outcome<> SingleCall::turn(std::vector<OutputRelay>& relays) {
  const std::vector<int> roles = supervisor_->fds();
  std::vector<os::Poll> polls = {{.fd = signals_.get()},
                                 {.fd = boxer_gone_ ? -1 : supervisor_->boxer().fd()}};
  for (int fd : roles) polls.push_back({.fd = fd});
  const std::size_t first_relay = polls.size();
  for (const OutputRelay& relay : relays) polls.push_back({.fd = relay.reader()});
  if (auto ready = os::poll_fds(polls, milliseconds(-1)); !ready) return ready.error();
  if (polls[1].readable) TRY(read_boxer());
  for (std::size_t i = 0; i < relays.size(); ++i)
    if (polls[first_relay + i].readable) relays[i].forward();
  if (std::any_of(polls.begin() + 2, polls.begin() + static_cast<std::ptrdiff_t>(first_relay),
                  [](const os::Poll& poll) { return poll.readable; }))
    TRY(supervisor_->attend());
  if (polls[0].readable) TRY(read_signals());
  if (generation_ == supervisor_->generation()) return {};
  // Another boxer: what became of the call is what it finds in the log.
  inbox_.clear();
  TRY(open_session());
  return order_ != nullptr ? send_order() : Outcome<>{};
}

Outcome<ipc::Envelope> SingleCall::wait_for(std::uint16_t type, std::vector<OutputRelay>& relays) {
  for (;;) {
    for (auto at = inbox_.begin(); at != inbox_.end(); ++at) {
      if (at->type == ipc::Refused::kType) {
        auto refused = ipc::Refused::decode(at->body);
        if (!refused) return refused.error();
        return Failure{ExitCode::unconfigured, refused->message};
      }
      if (at->type != type) continue;
      ipc::Envelope found = std::move(*at);
      inbox_.erase(at);
      return found;
    }
    TRY(turn(relays));
  }
}

// --- what can be asked

Outcome<ipc::PlanText> SingleCall::plan(const CallOrder& order) {
  const ipc::ShowPlan show{name_, order.tool, order.program};
  if (auto sent = supervisor_->boxer().send(ipc::ShowPlan::kType, show.encode()); !sent)
    return sent.error();
  std::vector<OutputRelay> none;
  auto envelope = wait_for(ipc::PlanText::kType, none);
  if (!envelope) return envelope.error();
  auto text = ipc::PlanText::decode(envelope->body);
  if (!text) return text.error();
  return std::move(*text);
}

Outcome<> SingleCall::send_order() {
  const std::uint64_t limit =
      order_->time_limit ? static_cast<std::uint64_t>(order_->time_limit->count()) : 0;
  if (order_->program.empty()) {
    const ipc::Call call{name_, order_->call, order_->tool, order_->input, limit};
    (void)supervisor_->boxer().send(ipc::Call::kType, call.encode());
    return {};
  }
  const ipc::Execute execute{name_, order_->call, order_->program, limit};
  (void)supervisor_->boxer().send(ipc::Execute::kType, execute.encode(),
                                  {order_->stdio[0], order_->stdio[1], order_->stdio[2]});
  return {};
}

Outcome<ipc::CallDone> SingleCall::run(const CallOrder& order, std::vector<OutputRelay>& relays) {
  order_ = &order;
  TRY(send_order());
  auto envelope = wait_for(ipc::CallDone::kType, relays);
  order_ = nullptr;
  for (OutputRelay& relay : relays) relay.close_writer();
  drain(relays);
  if (!envelope) return envelope.error();
  auto done = ipc::CallDone::decode(envelope->body);
  if (!done) return done.error();
  const ipc::Settled settled{name_, order.call};
  (void)supervisor_->boxer().send(ipc::Settled::kType, settled.encode());
  return std::move(*done);
}

// The call is over, so what its program wrote is in the pipe.
void SingleCall::drain(std::vector<OutputRelay>& relays) {
  const Duration end = clock_.monotonic() + kLastOutput;
  for (OutputRelay& relay : relays) {
    while (relay.reader() >= 0 && clock_.monotonic() < end) {
      std::vector<os::Poll> polls = {{.fd = relay.reader()}};
      const auto left = std::chrono::duration_cast<milliseconds>(end - clock_.monotonic());
      if (auto ready = os::poll_fds(polls, std::max(left, milliseconds(0))); !ready || !*ready)
        break;
      relay.forward();
    }
  }
}

Outcome<> SingleCall::finish() {
  const ipc::CloseSession close{name_, "done"};
  std::vector<OutputRelay> none;
  if (supervisor_->boxer().send(ipc::CloseSession::kType, close.encode()))
    TRY(wait_for(ipc::SessionClosed::kType, none));
  return supervisor_->stop(roles::Supervisor::StopMode::drain);
}

}  // namespace glovebox::cli
