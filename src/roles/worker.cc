#include "roles/worker.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "codec/url.h"
#include "net/loop.h"
#include "net/tls.h"
#include "os/limits.h"
#include "os/process.h"
#include "roles/secret_notice.h"
#include "roles/status_server.h"
#include "roles/transport.h"
#include "roles/worker_settings.h"
#include "worker/worker.h"

namespace glovebox::roles {

namespace {

constexpr int kStandardError = 2;

worker::WorkerSettings worker_settings(const WorkerRoleSettings& settings,
                                       const ipc::Channel& supervisor) {
  worker::WorkerSettings out;
  out.environment = settings.environment;
  out.worker_id = settings.worker_id;
  out.max_sessions = settings.max_sessions;
  out.api.version = settings.api_version;
  out.api.user_agent = settings.user_agent;
  out.api.stream_silence = settings.silence;
  out.run.max_idle = settings.max_idle;
  out.run.drain = settings.drain;
  const auto ask_for = [&supervisor](std::string_view name) {
    return [&supervisor, message = ipc::SecretRefused{std::string(name)}.encode()] {
      // One that is gone ends this process by itself.
      (void)supervisor.send(ipc::SecretRefused::kType, message);
    };
  };
  out.key_refused = ask_for(kEnvironmentKey);
  out.proxy_refused = ask_for(kProxyAuth);
  return out;
}

// A session has its event stream open all the time, and others for requests now and then.
void warn_of_few_files(const Log& log, std::size_t max_sessions) {
  constexpr std::size_t kBeside = 64;
  const auto files = os::soft_limit_of(os::Resource::files);
  if (files < max_sessions + kBeside)
    log.warning("the limit of open files is too low for so many sessions: raise LimitNOFILE",
                {{"sessions", static_cast<std::int64_t>(max_sessions)},
                 {"files", static_cast<std::int64_t>(files)}});
}

// Everything that the worker's process owns, made in the order in which it is needed.
struct Parts {
  SystemClock clock;
  SystemRandom random;
  std::optional<Log> log;
  std::optional<StatusServer> status;  // its tasks go with the transport's loop
  std::unique_ptr<Transport> transport;
  std::optional<SecretNotice> notice;
  std::optional<worker::Worker> worker;
};

Result<void> prepare(Parts& parts, RoleStart& start, const WorkerRoleSettings& settings) {
  parts.log.emplace(kStandardError, "worker", settings.log_level, settings.log_format);
  warn_of_few_files(*parts.log, settings.max_sessions);
  const codec::BaseUrl base = TRY_CONTEXT(codec::BaseUrl::parse(settings.base_url), "base url");
  parts.transport = TRY(Transport::make(parts.clock, settings, start.secrets));
  parts.notice.emplace(*parts.transport->loop, start.supervisor);
  worker::WorkerSettings of_worker = worker_settings(settings, start.supervisor);
  of_worker.make_known = [&notice = *parts.notice](std::string item, Secret given,
                                                   net::Patience patience) {
    return notice.tell(std::move(item), std::move(given), patience);
  };
  of_worker.item_over = [&notice = *parts.notice](std::string_view item) { notice.end_item(item); };
  parts.worker.emplace(*parts.transport->loop, *parts.transport->connector, *parts.log,
                       parts.random, base, std::move(of_worker),
                       take_secret(start.secrets, kEnvironmentKey));
  return {};
}

// What the operator changed.
void update(Parts& parts, SupervisorEvent& event) {
  parts.notice->take(event.settings);
  if (const auto key = event.secrets.find(std::string(kEnvironmentKey));
      key != event.secrets.end()) {
    parts.log->info("another environment key");
    parts.worker->renew_key(std::move(key->second));
  }
  if (const auto word = event.secrets.find(std::string(kProxyAuth)); word != event.secrets.end()) {
    parts.log->info("other credentials for the proxy");
    parts.transport->connector->set_proxy_authorization(basic_authorization(word->second));
    parts.worker->poll_now();
  }
  const std::string* path = event.settings.get_string("ca_path");
  const std::string* pem = event.settings.get_string("ca_pem");
  if (path == nullptr || pem == nullptr) return;
  if (auto tls = net::TlsContext::make({*path, *pem})) {
    parts.log->info("other authorities", {{"file", *path}});
    parts.transport->connector->set_authorities(*std::move(tls));
  } else {
    parts.log->error("the authorities are not taken", {{"why", tls.error().message()}});
  }
}

// What the supervisor says while the worker works.
net::Task<void> obey(Parts& parts, const ipc::Channel& supervisor) {
  while (true) {
    if (!co_await parts.transport->loop->readable(supervisor.fd())) co_return;
    auto event = receive_from_supervisor(supervisor);
    // Nobody is left to end in order for, and what is suspended here refers to each other.
    if (!event) os::exit_now(to_int(ExitCode::bug));
    switch (event->kind) {
      case SupervisorEvent::Kind::gone:
      case SupervisorEvent::Kind::observe:
      case SupervisorEvent::Kind::policy:
        os::exit_now(to_int(ExitCode::bug));
      case SupervisorEvent::Kind::stop:
        parts.worker->shut_down();
        break;
      case SupervisorEvent::Kind::update:
        update(parts, *event);
        break;
      case SupervisorEvent::Kind::observed:
        if (parts.status) parts.status->take(std::move(event->answer));
        break;
      case SupervisorEvent::Kind::peer:
        if (event->name == "boxer") parts.worker->attach_boxer(std::move(event->channel));
        break;
    }
  }
}

// The supervisor starts another one, with connections of its own.
net::Task<void> watch_boxer(Parts& parts) {
  if (!co_await parts.worker->abandoned().wait({})) co_return;
  parts.log->error("no connection to a boxer, this worker ends");
  os::exit_now(to_int(ExitCode::bug));
}

net::Task<void> serve(Parts& parts, std::optional<worker::WorkItem> claimed,
                      std::optional<std::string>& failure) {
  if (claimed) {
    const worker::ItemEnd end = co_await parts.worker->serve_claimed(*std::move(claimed));
    if (end.failed) failure = end.reason;
  } else {
    co_await parts.worker->serve_queue();
  }
  if (parts.status) parts.status->stop();
  parts.transport->loop->stop();
}

std::optional<worker::WorkItem> claimed_item(RoleStart& start, const WorkerRoleSettings& settings) {
  if (!settings.claimed) return std::nullopt;
  worker::WorkItem item;
  item.id = settings.claimed->work;
  item.environment = settings.environment;
  item.kind = worker::WorkKind::session;
  item.target = settings.claimed->session;
  item.secret = std::string(take_secret(start.secrets, kWorkSecret).reveal());
  return item;
}

}  // namespace

ExitCode run_worker(RoleStart start) {
  const auto fail = [&](const Error& error) {
    const ExitCode code = exit_code_for(error);
    send_fatal(start.supervisor, code, error.message());
    return code;
  };
  const auto settings = WorkerRoleSettings::from_json(start.settings);
  if (!settings) return fail(settings.error());
  if (auto taken = take_identity(Role::worker, start.started, start.rung); !taken)
    return fail(taken.error());
  Parts parts;
  if (auto prepared = prepare(parts, start, *settings); !prepared) return fail(prepared.error());
  auto item = claimed_item(start, *settings);
  if (auto locked = lock_down(Role::worker, {}); !locked) return fail(locked.error());

  const auto boxer = start.peers.find("boxer");
  if (boxer == start.peers.end()) return fail(Error(ErrorKind::protocol, "no boxer"));
  parts.worker->attach_boxer(std::move(boxer->second));
  if (const auto metrics = start.peers.find(std::string(kMetricsPeer));
      metrics != start.peers.end())
    parts.status.emplace(*parts.transport->loop, *parts.worker, start.supervisor,
                         metrics->second.release());
  if (auto ready = send_ready(start.supervisor); !ready) return fail(ready.error());

  std::optional<std::string> failure;
  parts.transport->loop->spawn(obey(parts, start.supervisor));
  parts.transport->loop->spawn(watch_boxer(parts));
  parts.transport->loop->spawn(serve(parts, std::move(item), failure));
  if (auto ran = parts.transport->loop->run(); !ran) return fail(ran.error());
  if (!failure) return ExitCode::done;
  send_fatal(start.supervisor, ExitCode::negative, *failure);
  return ExitCode::negative;
}

}  // namespace glovebox::roles
