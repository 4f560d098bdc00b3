#include "cli/worker.h"

#include <signal.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cli/message.h"
#include "cli/process_secrets.h"
#include "cli/worker_order.h"
#include "os/identity.h"
#include "os/process.h"
#include "roles/policy_source.h"
#include "roles/state_folder.h"
#include "roles/supervisor.h"

namespace glovebox::cli {

namespace {

constexpr int kStandardError = 2;

Step<roles::SupervisorOptions> supervisor_options(WorkerOrder order) {
  const auto end = [](ExitCode code, const Error& error) {
    return std::unexpected(Ending{code, error.message()});
  };
  const roles::StartedAs started =
      os::effective_uid() == 0 ? roles::StartedAs::root : roles::StartedAs::user;
  auto policy = roles::read_policy(order.policy);
  if (!policy) return end(ExitCode::unconfigured, policy.error());
  if (order.state.empty()) {
    auto found = roles::default_state_folder(started, variable("XDG_STATE_HOME"), variable("HOME"));
    if (!found) return end(ExitCode::unconfigured, found.error());
    order.state = std::move(*found);
  }
  auto state = roles::StateFolder::open(order.state, started);
  if (!state)
    return end(
        state.error().kind() == ErrorKind::conflict ? ExitCode::busy : ExitCode::unconfigured,
        state.error());
  std::string work;
  if (!order.workdir.empty()) {
    auto prepared = roles::prepare_work_folder(order.workdir, started);
    if (!prepared) return end(ExitCode::unconfigured, prepared.error());
    work = std::move(*prepared);
  }
  if (!order.seed.empty()) {
    auto real = roles::real_folder(order.seed);
    if (!real) return end(ExitCode::unconfigured, real.error());
    order.seed = std::move(*real);
  }
  return roles::SupervisorOptions{
      .started = started,
      .state = std::move(*state),
      .policy = std::move(*policy),
      .work = std::move(work),
      .workspace = order.workspace,
      .seed = std::move(order.seed),
      .keep = order.keep,
      .call_slots = order.max_calls,
      .warm_sessions = order.warm,
      .worker = roles::WorkerOrder{order.settings.to_json(), std::move(order.secrets)}};
}

// The supervisor's life: until the worker has ended by itself. The first SIGTERM or SIGINT lets it
// drain, the second ends everything at once.
ExitCode supervise(roles::Supervisor& supervisor, int signals) {
  bool draining = false;
  while (true) {
    std::vector<os::Poll> polls = {{.fd = signals}};
    for (const int fd : supervisor.fds()) polls.push_back({.fd = fd});
    if (auto ready = os::poll_fds(polls, milliseconds(-1)); !ready)
      return fail(ExitCode::bug, ready.error().message());
    if (polls.front().readable) {
      const auto signal = os::read_signal(signals);
      if (!signal) return fail(ExitCode::bug, signal.error().message());
      if (*signal == SIGUSR1) {
        print_out(supervisor.state_line() + "\n");
      } else if (*signal && draining) {
        (void)supervisor.stop(roles::Supervisor::StopMode::at_once);
        return fail(ExitCode::bug, "ended at once, by a second signal");
      } else if (*signal) {
        draining = true;
        supervisor.ask_worker_to_stop();
      }
    }
    if (auto attended = supervisor.attend(); !attended) {
      (void)supervisor.stop(roles::Supervisor::StopMode::drain);
      return fail(attended.error().code, attended.error().message);
    }
    if (const auto ended = supervisor.worker_ended()) {
      const auto stopped = supervisor.stop(roles::Supervisor::StopMode::drain);
      if (ended->code != ExitCode::done) return fail(ended->code, ended->message);
      return stopped ? ExitCode::done : fail(stopped.error().code, stopped.error().message);
    }
  }
}

}  // namespace

ExitCode run_worker(const WorkerOptions& asked, Secret given_key) {
  const Log log(kStandardError, "supervisor", LogLevel::info, asked.log_format);
  auto order = read_worker_order(asked, std::move(given_key), log);
  if (!order) return fail(order.error().code, order.error().message);
  auto options = supervisor_options(std::move(*order));
  if (!options) return fail(options.error().code, options.error().message);

  const auto signals = os::open_signals({SIGTERM, SIGINT, SIGUSR1});
  if (!signals) return fail(ExitCode::bug, signals.error().message());
  const SystemClock clock;
  auto supervisor = roles::Supervisor::start(std::move(*options), clock, log);
  if (!supervisor) return fail(supervisor.error().code, supervisor.error().message);
  log.info("serving", {{"state", (*supervisor)->state().path()}});
  return supervise(**supervisor, signals->get());
}

}  // namespace glovebox::cli
