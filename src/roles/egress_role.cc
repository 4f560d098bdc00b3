#include "roles/egress_role.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "codec/metrics.h"
#include "egress/egress.h"
#include "egress/journal.h"
#include "egress/leaf_cache.h"
#include "egress/network.h"
#include "egress/relay.h"
#include "egress/secret_shelf.h"
#include "egress/upstream.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "net/tls_server.h"
#include "os/process.h"
#include "roles/egress_authority.h"
#include "roles/egress_settings.h"
#include "roles/transport.h"
#include "roles/worker_settings.h"

namespace glovebox::roles {

namespace {

constexpr int kStandardError = 2;

// In the order in which it is needed.
struct Parts {
  SystemClock clock;
  std::optional<Log> log;
  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<net::Resolver> resolver;
  std::optional<egress::Upstream> upstream;
  std::optional<egress::Journal> journal;
  std::optional<egress::LeafCache> leaves;
  egress::SecretShelf secrets;
  codec::Metrics numbers;
  egress::PipePool pipes;
  std::optional<egress::EgressHost> host;
  std::optional<egress::Egress> egress;
};

net::ResolverConfig resolver_config(const EgressSettings& settings) {
  net::ResolverConfig config = host_resolver_config();
  if (!settings.resolvers.empty()) config.servers = settings.resolvers;
  return config;
}

// Whom the host believes; none where it has no bundle.
Result<std::optional<net::TlsContext>> authorities_of(const EgressSettings& settings) {
  if (settings.ca_pem.empty()) return std::optional<net::TlsContext>();
  return std::optional(TRY(net::TlsContext::make({settings.ca_path, settings.ca_pem})));
}

Result<egress::ProxyWay> proxy_way(RoleStart& start, const EgressSettings& settings,
                                   const std::optional<net::TlsContext>& authorities,
                                   const Log& log) {
  egress::ProxyWay way;
  way.authorities = authorities;
  way.rules =
      TRY_CONTEXT(proxy_rules(start.secrets, settings.proxy, settings.no_proxy), "proxy of egress");
  way.refused = [&log, &supervisor = start.supervisor] {
    log.warning("the proxy refuses the credentials of egress (407)");
    // One that is gone ends this process by itself.
    (void)supervisor.send(ipc::SecretRefused::kType,
                          ipc::SecretRefused{std::string(kProxyAuth)}.encode());
  };
  return way;
}

// None without authorities of the host's: then no origin can be believed.
Result<std::optional<egress::Inspection>> inspection_of(
    Parts& parts, const EgressSettings& settings,
    const std::optional<net::TlsContext>& authorities) {
  if (!authorities) return std::optional<egress::Inspection>();
  parts.leaves.emplace(TRY(keep_authority(settings.folder, settings.ca_pem, parts.clock.wall())));
  return std::optional(
      egress::Inspection{*parts.leaves, TRY(net::TlsServerContext::make()), *authorities});
}

void take_secrets(Parts& parts, std::map<std::string, Secret>& secrets) {
  for (auto& [name, secret] : secrets)
    if (name.starts_with(kInjected))
      parts.secrets.put(name.substr(kInjected.size()), std::move(secret));
}

Result<void> prepare(Parts& parts, RoleStart& start) {
  const EgressSettings settings = TRY(EgressSettings::from_json(start.settings));
  TRY(take_identity(Role::egress, start.started, start.rung));
  parts.log.emplace(kStandardError, "egress", start.log_level, start.log_format);
  parts.loop = TRY(net::Loop::make(parts.clock));
  parts.resolver = TRY(net::make_resolver(*parts.loop, resolver_config(settings)));
  const auto authorities = TRY_CONTEXT(authorities_of(settings), "authority");
  parts.upstream.emplace(*parts.loop, *parts.resolver, egress::is_own_address,
                         TRY(proxy_way(start, settings, authorities, *parts.log)));
  parts.journal.emplace(*parts.loop, *parts.log);
  auto inspection = TRY_CONTEXT(inspection_of(parts, settings, authorities), "authority");
  take_secrets(parts, start.secrets);
  parts.host.emplace(egress::EgressHost{*parts.loop, *parts.upstream, *parts.journal, parts.pipes,
                                        *parts.log, std::move(inspection), parts.secrets,
                                        parts.numbers});
  parts.egress.emplace(*parts.host);
  return lock_down(Role::egress, {});
}

// What the operator changed. What boxes show of the authorities is a file, which is written anew
// when the role starts.
void update(Parts& parts, SupervisorEvent& event) {
  take_secrets(parts, event.secrets);
  if (const auto word = event.secrets.find(std::string(kProxyAuth)); word != event.secrets.end()) {
    parts.log->info("other credentials for the proxy");
    parts.upstream->set_proxy_authorization(basic_authorization(word->second));
  }
  const std::string* path = event.settings.get_string("ca_path");
  const std::string* pem = event.settings.get_string("ca_pem");
  if (path == nullptr || pem == nullptr) return;
  auto tls = net::TlsContext::make({*path, *pem});
  if (!tls)
    return parts.log->error("the authorities are not taken", {{"why", tls.error().message()}});
  parts.log->info("other authorities", {{"file", *path}});
  if (parts.host->inspection) parts.host->inspection->outside = *tls;
  parts.upstream->set_authorities(*std::move(tls));
}

void connect(Parts& parts, const std::string& name, ipc::Channel channel) {
  if (name == "auditor") parts.journal->connect(std::move(channel));
  if (name == "boxer") parts.egress->connect(std::move(channel));
}

void answer_operator(const Parts& parts, const ipc::Observe& question,
                     const ipc::Channel& supervisor) {
  ipc::Observed answer;
  answer.ticket = question.ticket;
  answer.numbers = codec::to_json(parts.numbers.to_json());
  // A supervisor that is gone ends the role by itself.
  (void)supervisor.send(ipc::Observed::kType, answer.encode());
}

// What is suspended here refers to each other, and the boxes are gone or going: nothing is taken
// apart.
net::Task<void> obey(Parts& parts, const ipc::Channel& supervisor) {
  while (true) {
    if (!co_await parts.loop->readable(supervisor.fd())) os::exit_now(to_int(ExitCode::bug));
    auto event = receive_from_supervisor(supervisor);
    if (!event) os::exit_now(to_int(ExitCode::bug));
    switch (event->kind) {
      case SupervisorEvent::Kind::peer:
        connect(parts, event->name, std::move(event->channel));
        break;
      case SupervisorEvent::Kind::stop:
        os::exit_now(to_int(ExitCode::done));
      case SupervisorEvent::Kind::update:
        update(parts, *event);
        break;
      case SupervisorEvent::Kind::observe:
        answer_operator(parts, event->question, supervisor);
        break;
      case SupervisorEvent::Kind::gone:
      case SupervisorEvent::Kind::observed:
      case SupervisorEvent::Kind::policy:
        os::exit_now(to_int(ExitCode::bug));
    }
  }
}

}  // namespace

ExitCode run_egress(RoleStart start) {
  Parts parts;
  const auto fail = [&](const Error& error) {
    const ExitCode code = exit_code_for(error);
    send_fatal(start.supervisor, code, error.message());
    return code;
  };
  if (auto prepared = prepare(parts, start); !prepared) return fail(prepared.error());
  for (auto& [name, channel] : start.peers) connect(parts, name, std::move(channel));
  if (auto ready = send_ready(start.supervisor); !ready) return ExitCode::bug;
  parts.loop->spawn(obey(parts, start.supervisor));
  parts.loop->spawn(parts.journal->serve());
  parts.loop->spawn(parts.egress->serve());
  if (auto ran = parts.loop->run(); !ran) {
    parts.log->error("egress gives up", {{"why", ran.error().message()}});
    os::exit_now(to_int(ExitCode::bug));
  }
  os::exit_now(to_int(ExitCode::done));
}

}  // namespace glovebox::roles
