#include "cli/worker.h"

#include <signal.h>
#include <stdlib.h>

#include <memory>
#include <print>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cli/message.h"
#include "cli/worker_order.h"
#include "os/identity.h"
#include "os/process.h"
#include "roles/policy_source.h"
#include "roles/state_folder.h"
#include "roles/supervisor.h"

namespace glovebox::cli {

namespace {

constexpr int kStandardError = 2;

constexpr std::string_view kUsage = R"(usage: glovebox worker [poll] [OPTIONS]
       glovebox worker run --work-id ID --session-id ID [OPTIONS]

  --environment-id ID      ANTHROPIC_ENVIRONMENT_ID
  --environment-key KEY    better: ANTHROPIC_ENVIRONMENT_KEY
  --worker-id ID           ANTHROPIC_WORKER_ID; host name and a random id otherwise
  --base-url URL           ANTHROPIC_BASE_URL; https://api.anthropic.com
  --policy FILE            /etc/glovebox/policy.toml; builtin:default
  --state DIR              the state folder; one process at a time
  --workdir DIR            where workspaces are made; below the state folder otherwise
  --workspace session|shared
  --max-sessions N         64
  --max-idle TIME          60s; 0: never
  --drain TIME             30s: what running calls get at a shutdown
  --stream-silence TIME    120s without a byte, then an event stream is opened again
  --log-format text|json
  --ca-file FILE           authorities, PEM; SSL_CERT_FILE
  --api-version DATE       2026-10-21
  --allow-http             plain http to a host that is not loopback
  --on-work in-process     accepted; scripts are not in this version

worker run also takes --work-secret-file FILE, or ANTHROPIC_WORK_SECRET.
)";

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

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
  return roles::SupervisorOptions{
      .started = started,
      .state = std::move(*state),
      .policy = std::move(*policy),
      .work = std::move(work),
      .workspace = order.workspace,
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

ExitCode worker_command(std::span<const std::string> arguments) {
  WorkerMode mode = WorkerMode::poll;
  if (!arguments.empty() && (arguments[0] == "run" || arguments[0] == "poll")) {
    if (arguments[0] == "run") mode = WorkerMode::run;
    arguments = arguments.subspan(1);
  }
  const auto flags = parse_worker_flags(mode, arguments);
  if (!flags) return fail(ExitCode::usage, flags.error().message());
  if (flags->has("--help")) {
    print_out(kUsage);
    return ExitCode::done;
  }
  if (!flags->operands().empty())
    return fail(ExitCode::usage, "worker: no argument is expected: " + flags->operands().front());
  const Log log(kStandardError, "supervisor", LogLevel::info,
                flags->value("--log-format") == "json" ? LogFormat::json : LogFormat::text);
  auto order = read_worker_order(mode, *flags, log);
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
