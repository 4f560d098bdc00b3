#include "cli/worker.h"

#include <signal.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cli/egress_order.h"
#include "cli/egress_proof.h"
#include "cli/find_configuration.h"
#include "cli/message.h"
#include "cli/metrics_listener.h"
#include "cli/process_secrets.h"
#include "cli/service_manager.h"
#include "cli/worker_order.h"
#include "os/identity.h"
#include "os/process.h"
#include "roles/outcome.h"
#include "roles/policy_source.h"
#include "roles/state_folder.h"
#include "roles/supervisor.h"

namespace glovebox::cli {

namespace {

constexpr int kStandardError = 2;

// Which user's folder, and whose it becomes.
roles::Outcome<roles::StateFolder> open_state(const std::string& named, roles::StartedAs started) {
  std::string path = named;
  if (path.empty()) {
    auto found = roles::default_state_folder(started, variable("XDG_STATE_HOME"), variable("HOME"));
    if (!found) return roles::failure(ExitCode::unconfigured, found.error());
    path = std::move(*found);
  }
  auto state = roles::StateFolder::open(path, started);
  if (state) return *std::move(state);
  const bool held = state.error().kind() == ErrorKind::conflict;
  return roles::failure(held ? ExitCode::busy : ExitCode::unconfigured, state.error());
}

// A folder that is named; empty for none.
template <class Prepare>
roles::Outcome<std::string> folder(const std::string& named, roles::StartedAs started,
                                   const Prepare& prepare) {
  if (named.empty()) return std::string();
  auto prepared = prepare(named, started);
  if (!prepared) return roles::failure(ExitCode::unconfigured, prepared.error());
  return *std::move(prepared);
}

roles::Outcome<roles::SupervisorOptions> supervisor_options(WorkerOrder order, EgressOrder egress) {
  const roles::StartedAs started =
      os::effective_uid() == 0 ? roles::StartedAs::root : roles::StartedAs::user;
  auto policy = roles::read_policy(order.policy);
  if (!policy) return roles::failure(ExitCode::unconfigured, policy.error());
  auto state = TRY(open_state(order.state, started));
  std::string work = TRY(folder(order.workdir, started, roles::prepare_work_folder));
  std::string audit = TRY(folder(order.audit, started, roles::prepare_audit_folder));
  std::string seed = TRY(folder(order.seed, started, [](const std::string& path, roles::StartedAs) {
    return roles::real_folder(path);
  }));
  return roles::SupervisorOptions{
      .started = started,
      .state = std::move(state),
      .policy = std::move(*policy),
      .work = std::move(work),
      .workspace = order.workspace,
      .seed = std::move(seed),
      .keep = order.keep,
      .call_slots = order.max_calls,
      .warm_sessions = order.warm,
      .ids = order.ids,
      .audit = std::move(audit),
      .audit_origin = std::move(order.audit_origin),
      .audit_reserve = order.audit_reserve,
      .egress = std::move(egress.settings),
      .egress_secrets = std::move(egress.secrets),
      .credentials = variable("CREDENTIALS_DIRECTORY"),
      .worker = roles::WorkerOrder{order.settings.to_json(),
                                   {std::move(order.secrets), std::move(order.secret_files),
                                    std::move(order.proxy_command)}}};
}

// The supervisor's life: until the worker has ended by itself. The first SIGTERM or SIGINT lets it
// drain, the second ends everything at once.
class Watch {
 public:
  Watch(roles::Supervisor& supervisor, int signals, ServiceManager& manager)
      : supervisor_(supervisor), signals_(signals), manager_(manager) {}

  ExitCode serve() {
    manager_.ready(kServing);
    while (true) {
      if (auto over = wait()) return *over;
      if (auto attended = supervisor_.attend(); !attended) {
        (void)supervisor_.stop(roles::Supervisor::StopMode::drain);
        return fail(attended.error().code, attended.error().message);
      }
      if (reloading_ && supervisor_.settled()) {
        reloading_ = false;
        if (!draining_) manager_.ready(kServing);
      }
      if (const auto ended = supervisor_.worker_ended()) {
        const auto stopped = supervisor_.stop(roles::Supervisor::StopMode::drain);
        if (ended->code != ExitCode::done) return fail(ended->code, ended->message);
        return stopped ? ExitCode::done : fail(stopped.error().code, stopped.error().message);
      }
    }
  }

 private:
  static constexpr std::string_view kServing = "serving";

  // For something to attend to. The code that it is over with, or nothing.
  std::optional<ExitCode> wait() {
    std::vector<os::Poll> polls = {{.fd = signals_}};
    for (const int fd : supervisor_.fds()) polls.push_back({.fd = fd});
    const auto beat = manager_.watchdog();
    const milliseconds patience = beat ? std::chrono::ceil<milliseconds>(*beat) : milliseconds(-1);
    if (auto ready = os::poll_fds(polls, patience); !ready)
      return fail(ExitCode::bug, ready.error().message());
    if (!polls.front().readable) return {};
    const auto signal = os::read_signal(signals_);
    if (!signal) return fail(ExitCode::bug, signal.error().message());
    return *signal ? obey(**signal) : std::nullopt;
  }

  std::optional<ExitCode> obey(int signal) {
    if (signal == SIGUSR1) {
      print_out(supervisor_.state_line() + "\n");
    } else if (signal == SIGHUP) {
      manager_.reloading();
      supervisor_.reload();
      reloading_ = true;
    } else if (draining_) {
      (void)supervisor_.stop(roles::Supervisor::StopMode::at_once);
      return fail(ExitCode::bug, "ended at once, by a second signal");
    } else {
      draining_ = true;
      manager_.stopping("draining");
      supervisor_.ask_worker_to_stop();
    }
    return {};
  }

  roles::Supervisor& supervisor_;
  int signals_;
  ServiceManager& manager_;
  bool draining_ = false;
  bool reloading_ = false;  // and what the manager was told of it is not over
};

}  // namespace

ExitCode run_worker(const WorkerOptions& asked, Secret given_key) {
  const auto configuration = find_configuration(asked.config);
  if (!configuration) return fail(configuration.error().code, configuration.error().message);
  const LogFormat format =
      asked.log_format.value_or(configuration->log_format.value_or(LogFormat::text));
  const Log log(kStandardError, "supervisor", configuration->log_level.value_or(LogLevel::info),
                format);
  const SystemClock clock;
  ServiceManager manager(clock);
  auto order = read_worker_order(asked, *configuration, std::move(given_key), log);
  if (!order) return fail(order.error().code, order.error().message);
  auto egress = egress_order(*configuration, *order);
  if (!egress) return fail(egress.error().code, egress.error().message);
  const std::string state_named = order->state;
  auto options = supervisor_options(*std::move(order), *std::move(egress));
  if (!options) return fail(options.error().code, options.error().message);
  options->log_level = configuration->log_level.value_or(LogLevel::info);
  options->log_format = format;
  // Before this process is confined.
  if (roles::has_egress_rule(options->policy.policy)) {
    options->egress_proof = egress_proof(options->state.run());
    if (!options->egress_proof->failed)
      log.info("egress is proved: every way out of a box but the rules' came to nothing");
  }
  // One item is served and gone: nobody watches that.
  const std::optional<MetricsPlace> place = asked.mode == WorkerOptions::Mode::run
                                                ? std::optional<MetricsPlace>(NoMetrics{})
                                                : configuration->metrics;
  auto metrics =
      MetricsListener::open(place,
                            socket_folder(options->started, state_named, options->state.path(),
                                          variable("XDG_RUNTIME_DIR")),
                            log);
  if (!metrics) return fail(metrics.error().code, metrics.error().message);
  options->metrics = metrics->take_socket();

  const auto signals = os::open_signals({SIGTERM, SIGINT, SIGUSR1, SIGHUP});
  if (!signals) return fail(ExitCode::bug, signals.error().message());
  auto supervisor = roles::Supervisor::start(std::move(*options), clock, log);
  if (!supervisor) return fail(supervisor.error().code, supervisor.error().message);
  log.info("serving", {{"state", (*supervisor)->state().path()}});
  return Watch(**supervisor, signals->get(), manager).serve();
}

}  // namespace glovebox::cli
