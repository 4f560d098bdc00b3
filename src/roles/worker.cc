#include "roles/worker.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "codec/url.h"
#include "net/connector.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/proxy.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "os/file.h"
#include "os/limits.h"
#include "os/process.h"
#include "roles/worker_settings.h"
#include "worker/worker.h"

namespace glovebox::roles {

namespace {

constexpr int kStandardError = 2;
constexpr std::uint64_t kMaxResolverFile = 1 << 20;

Secret take_secret(RoleStart& start, std::string_view name) {
  const auto place = start.secrets.find(std::string(name));
  return place == start.secrets.end() ? Secret() : std::move(place->second);
}

// Files that are missing say nothing: a worker behind a proxy needs no name server.
net::ResolverConfig read_resolver_config() {
  net::ResolverConfig config;
  if (const auto text = os::read_file("/etc/resolv.conf", kMaxResolverFile))
    net::apply_resolv_conf(*text, config);
  if (const auto text = os::read_file("/etc/hosts", kMaxResolverFile))
    net::apply_hosts(*text, config);
  return config;
}

// By name, from what the supervisor took out of its own environment.
Result<net::ProxyRules> proxy_rules(RoleStart& start, const WorkerRoleSettings& settings) {
  const Secret http = take_secret(start, kHttpProxy);
  const Secret https = take_secret(start, kHttpsProxy);
  return net::ProxyRules::make({}, [&](const char* name) -> std::optional<std::string> {
    const std::string_view key(name);
    if (key == "https_proxy" && !https.empty()) return std::string(https.reveal());
    if (key == "http_proxy" && !http.empty()) return std::string(http.reveal());
    if (key == "no_proxy" && !settings.no_proxy.empty()) return settings.no_proxy;
    return std::nullopt;
  });
}

worker::WorkerSettings worker_settings(const WorkerRoleSettings& settings) {
  worker::WorkerSettings out;
  out.environment = settings.environment;
  out.worker_id = settings.worker_id;
  out.max_sessions = settings.max_sessions;
  out.api.version = settings.api_version;
  out.api.user_agent = settings.user_agent;
  out.api.stream_silence = settings.silence;
  out.run.max_idle = settings.max_idle;
  out.run.drain = settings.drain;
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
  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<net::Resolver> resolver;
  std::optional<net::TcpDialer> dialer;
  std::optional<net::Connector> connector;
  std::optional<worker::Worker> worker;
};

Result<void> prepare(Parts& parts, RoleStart& start, const WorkerRoleSettings& settings) {
  parts.log.emplace(kStandardError, "worker", settings.log_level, settings.log_format);
  warn_of_few_files(*parts.log, settings.max_sessions);
  const codec::BaseUrl base = TRY_CONTEXT(codec::BaseUrl::parse(settings.base_url), "base url");
  parts.loop = TRY(net::Loop::make(parts.clock));
  parts.resolver = TRY(net::make_resolver(*parts.loop, read_resolver_config()));
  parts.dialer.emplace(*parts.loop, *parts.resolver);
  std::optional<net::TlsContext> tls;
  if (!settings.ca_pem.empty())
    tls = TRY(net::TlsContext::make({settings.ca_path, settings.ca_pem}));
  parts.connector.emplace(*parts.dialer, TRY_CONTEXT(proxy_rules(start, settings), "proxy"),
                          std::move(tls));
  parts.worker.emplace(*parts.loop, *parts.connector, *parts.log, parts.random, base,
                       worker_settings(settings), take_secret(start, kEnvironmentKey));
  return {};
}

// What the supervisor says while the worker works.
net::Task<void> obey(Parts& parts, const ipc::Channel& supervisor) {
  while (true) {
    if (!co_await parts.loop->readable(supervisor.fd())) co_return;
    auto event = receive_from_supervisor(supervisor);
    if (!event || event->kind == SupervisorEvent::Kind::gone) {
      // Nobody is left to end in order for, and what is suspended here refers to each other.
      os::exit_now(to_int(ExitCode::bug));
    }
    if (event->kind == SupervisorEvent::Kind::stop) parts.worker->shut_down();
    if (event->kind == SupervisorEvent::Kind::peer && event->name == "boxer")
      parts.worker->attach_boxer(std::move(event->channel));
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
  parts.loop->stop();
}

std::optional<worker::WorkItem> claimed_item(RoleStart& start, const WorkerRoleSettings& settings) {
  if (!settings.claimed) return std::nullopt;
  worker::WorkItem item;
  item.id = settings.claimed->work;
  item.environment = settings.environment;
  item.kind = worker::WorkKind::session;
  item.target = settings.claimed->session;
  item.secret = std::string(take_secret(start, kWorkSecret).reveal());
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
  if (auto ready = send_ready(start.supervisor); !ready) return fail(ready.error());

  std::optional<std::string> failure;
  parts.loop->spawn(obey(parts, start.supervisor));
  parts.loop->spawn(watch_boxer(parts));
  parts.loop->spawn(serve(parts, std::move(item), failure));
  if (auto ran = parts.loop->run(); !ran) return fail(ran.error());
  if (!failure) return ExitCode::done;
  send_fatal(start.supervisor, ExitCode::negative, *failure);
  return ExitCode::negative;
}

}  // namespace glovebox::roles
