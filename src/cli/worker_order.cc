#include "cli/worker_order.h"

#include <format>
#include <optional>
#include <string_view>
#include <tuple>

#include "base/clock.h"
#include "cli/find_configuration.h"
#include "cli/process_secrets.h"
#include "codec/http_head.h"
#include "codec/no_proxy.h"
#include "codec/url.h"
#include "codec/uuid.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "roles/file_opener.h"
#include "worker/work_secret.h"

namespace glovebox::cli {

namespace {

constexpr std::string_view kDefaultBaseUrl = "https://api.anthropic.com";
constexpr std::string_view kDefaultApiVersion = "2026-10-21";

std::string first_of(const std::optional<std::string>& flag, const char* name,
                     const std::optional<std::string>& configured, std::string_view otherwise) {
  if (flag) return *flag;
  if (std::string value = variable(name); !value.empty()) return value;
  return configured.value_or(std::string(otherwise));
}

template <class T>
void take_first(T& into, const std::optional<T>& flag, const std::optional<T>& configured) {
  if (flag)
    into = *flag;
  else if (configured)
    into = *configured;
}

const Secret* find(const WorkerOrder& order, std::string_view name) {
  for (const auto& [known, secret] : order.secrets)
    if (known == name) return &secret;
  return nullptr;
}

// A reference that the configuration makes, under the name that the worker knows it by.
roles::Outcome<> add_secret(WorkerOrder& order, std::string_view name,
                            const roles::SecretReference& reference) {
  auto found = find_secret(reference);
  if (!found) return roles::failure(ExitCode::unconfigured, found.error(), name);
  order.secrets.emplace_back(std::string(name), std::move(found->secret));
  if (found->file) order.secret_files.emplace_back(std::string(name), *std::move(found->file));
  return {};
}

// What goes out in a header of every request.
roles::Outcome<> check_header(std::string_view value, std::string_view what) {
  if (codec::check_field_value(value)) return {};
  return roles::Failure{ExitCode::unconfigured,
                        std::format("{} cannot be sent in a header\nhint: visible characters only, "
                                    "and no space at either end",
                                    what)};
}

// Flag, variable, configuration.
roles::Outcome<> add_environment_key(const WorkerOptions& options,
                                     const Configuration& configuration, Secret given,
                                     const Log& log, WorkerOrder& order) {
  Secret key = take_variable("ANTHROPIC_ENVIRONMENT_KEY");
  if (!given.empty()) {
    log.warning(
        "a key on the command line can be read by others while this program starts: use "
        "ANTHROPIC_ENVIRONMENT_KEY");
    key = std::move(given);
  }
  if (key.empty() && configuration.environment_key)
    TRY(add_secret(order, roles::kEnvironmentKey, *configuration.environment_key));
  else if (!key.empty())
    order.secrets.emplace_back(std::string(roles::kEnvironmentKey), std::move(key));
  else if (options.mode == WorkerOptions::Mode::poll)
    return roles::Failure{
        ExitCode::unconfigured,
        "no environment key\nhint: ANTHROPIC_ENVIRONMENT_KEY, or environment_key in "
        "[control_plane]"};
  if (const Secret* taken = find(order, roles::kEnvironmentKey))
    TRY(check_header(taken->reveal(), "the environment key"));
  return {};
}

// The item is served with its own secret, else with the environment key: one of them must be of
// use.
roles::Outcome<> check_credential(const WorkerOrder& order, const Secret& secret) {
  if (find(order, roles::kEnvironmentKey) != nullptr) return {};
  const std::string_view hint =
      "\nhint: ANTHROPIC_WORK_SECRET or --work-secret-file with the secret of the item, or an "
      "environment key";
  if (secret.empty())
    return roles::Failure{ExitCode::unconfigured,
                          std::format("worker run has no credential{}", hint)};
  const auto base = codec::BaseUrl::parse(order.settings.base_url);
  if (!base) return roles::failure(ExitCode::unconfigured, base.error(), "base url");
  const auto decoded = worker::decode_work_secret(std::string(secret.reveal()), *base);
  if (decoded) return {};
  return roles::Failure{
      ExitCode::unconfigured,
      std::format("worker run has no usable credential: {}{}", decoded.error().message(), hint)};
}

roles::Outcome<Secret> work_secret(const std::optional<std::string>& path) {
  Secret secret = take_variable("ANTHROPIC_WORK_SECRET");
  if (!path) return secret;
  auto read = roles::read_secret_file(roles::FileOpener(), {.path = *path});
  if (!read) return roles::failure(ExitCode::unconfigured, read.error());
  return *std::move(read);
}

// A proxy of the configuration takes the place of the environment's.
roles::Outcome<> add_proxy(const Configuration& configuration, WorkerOrder& order) {
  order.settings.proxy = configuration.proxy;
  for (const auto& [lower, upper, name] :
       {std::tuple{"https_proxy", "HTTPS_PROXY", roles::kHttpsProxy},
        std::tuple{"http_proxy", "HTTP_PROXY", roles::kHttpProxy}}) {
    Secret proxy = take_variable(lower);
    Secret other = take_variable(upper);
    if (proxy.empty()) proxy = std::move(other);
    if (proxy.empty() || configuration.proxy) continue;
    // Its text may hold a password; the error does not repeat it.
    if (const auto parsed = net::parse_proxy(proxy.reveal()); !parsed)
      return roles::failure(ExitCode::unconfigured, parsed.error(), upper);
    order.secrets.emplace_back(std::string(name), std::move(proxy));
  }
  order.settings.no_proxy = variable("no_proxy");
  if (order.settings.no_proxy.empty()) order.settings.no_proxy = variable("NO_PROXY");
  if (configuration.no_proxy) order.settings.no_proxy = *configuration.no_proxy;
  if (const auto parsed = codec::NoProxy::parse(order.settings.no_proxy); !parsed)
    return roles::failure(ExitCode::unconfigured, parsed.error(), "NO_PROXY");
  order.proxy_command = configuration.proxy_command.value_or(std::vector<std::string>());
  if (configuration.proxy_auth)
    return add_secret(order, roles::kProxyAuth, *configuration.proxy_auth);
  return {};
}

Result<net::CaBundle> find_authorities(std::optional<std::string> file,
                                       const std::optional<std::string>& configured) {
  net::CaChoice choice{.file = std::move(file), .environment = {}};
  if (std::string named = variable("SSL_CERT_FILE"); !named.empty())
    choice.environment = std::move(named);
  else if (!choice.file)
    choice.file = configured;
  return net::load_ca_bundle(choice);
}

roles::Outcome<> add_transport(const WorkerOptions& options, const Configuration& configuration,
                               WorkerOrder& order) {
  roles::WorkerRoleSettings& settings = order.settings;
  const auto base = codec::BaseUrl::parse(settings.base_url);
  if (!base) return roles::failure(ExitCode::unconfigured, base.error(), "base url");
  auto plain_http = worker::PlainHttp::loopback_only;
  take_first(plain_http, options.plain_http, configuration.plain_http);
  if (auto checked = worker::check_transport(*base, plain_http); !checked)
    return roles::Failure{
        ExitCode::unconfigured,
        checked.error().message() + "\nhint: --allow-http, if the way there is trusted"};
  auto bundle = find_authorities(options.ca_file, configuration.ca_file);
  if (bundle) {
    settings.ca_path = std::move(bundle->path);
    settings.ca_pem = std::move(bundle->pem);
  } else if (base->is_https() || options.ca_file || configuration.ca_file) {
    return roles::Failure{ExitCode::unconfigured,
                          bundle.error().message() + "\nhint: --ca-file FILE"};
  }
  return {};
}

roles::Outcome<> add_item(const WorkerOptions& options, WorkerOrder& order) {
  Secret secret = TRY(work_secret(options.work_secret_file));
  if (options.mode == WorkerOptions::Mode::poll) return {};
  roles::ClaimedItem item{first_of(options.work, "ANTHROPIC_WORK_ID", {}, ""),
                          first_of(options.session, "ANTHROPIC_SESSION_ID", {}, "")};
  if (item.work.empty() || item.session.empty())
    return roles::Failure{ExitCode::usage,
                          "worker run needs --work-id and --session-id, or their variables"};
  TRY(check_credential(order, secret));
  order.settings.claimed = std::move(item);
  if (!secret.empty())
    order.secrets.emplace_back(std::string(roles::kWorkSecret), std::move(secret));
  return {};
}

std::string worker_id(const WorkerOptions& options) {
  std::string id = first_of(options.worker_id, "ANTHROPIC_WORKER_ID", {}, "");
  if (!id.empty()) return id;
  SystemRandom random;
  const std::string host = variable("HOSTNAME");
  return (host.empty() ? "" : host + "-") + codec::uuid4(random);
}

// Where folders and files are, and how the worker paces itself.
void add_places(const WorkerOptions& options, const Configuration& configuration,
                WorkerOrder& order) {
  roles::WorkerRoleSettings& settings = order.settings;
  settings.api_version = options.api_version.value_or(
      configuration.api_version.value_or(std::string(kDefaultApiVersion)));
  settings.user_agent = "glovebox/" GLOVEBOX_VERSION;
  take_first(settings.max_idle, options.max_idle, configuration.max_idle);
  take_first(settings.drain, options.drain, configuration.drain);
  take_first(settings.silence, options.stream_silence, {});
  take_first(settings.max_sessions, options.max_sessions, configuration.max_sessions);
  take_first(settings.log_format, options.log_format, configuration.log_format);
  take_first(settings.log_level, {}, configuration.log_level);
  order.policy = kDefaultPolicy;
  take_first(order.policy, options.policy, configuration.policy);
  take_first(order.state, options.state, configuration.state);
  take_first(order.workdir, options.workdir, configuration.workdir);
  take_first(order.workspace, options.workspace, configuration.workspace);
  take_first(order.seed, options.seed, configuration.seed);
  take_first(order.keep, options.keep, configuration.keep);
  take_first(order.max_calls, options.max_calls, configuration.max_calls);
  take_first(order.warm, options.warm, configuration.warm);
  order.audit = configuration.audit.value_or("");
  order.audit_origin = configuration.audit_origin.value_or("");
  order.audit_reserve = configuration.audit_reserve.value_or(
      options.config ? audit::kDefaultWalReserve : audit::kLeastWalReserve);
  take_first(order.ids, {}, configuration.user_range);
}

}  // namespace

roles::Outcome<WorkerOrder> read_surroundings() {
  WorkerOrder order;
  TRY(add_proxy({}, order));
  if (auto bundle = find_authorities({}, {})) {
    order.settings.ca_path = std::move(bundle->path);
    order.settings.ca_pem = std::move(bundle->pem);
  }
  return order;
}

roles::Outcome<WorkerOrder> read_transport(const WorkerOptions& options,
                                           const Configuration& configuration) {
  WorkerOrder order;
  order.settings.base_url =
      first_of(options.base_url, "ANTHROPIC_BASE_URL", configuration.base_url, kDefaultBaseUrl);
  TRY(add_proxy(configuration, order));
  TRY(add_transport(options, configuration, order));
  return order;
}

roles::Outcome<WorkerOrder> read_worker_order(const WorkerOptions& options,
                                              const Configuration& configuration, Secret given_key,
                                              const Log& log) {
  WorkerOrder order = TRY(read_transport(options, configuration));
  order.settings.environment =
      first_of(options.environment, "ANTHROPIC_ENVIRONMENT_ID", configuration.environment, "");
  if (order.settings.environment.empty())
    // A file that is named is where it should stand.
    return roles::Failure{options.config ? ExitCode::unconfigured : ExitCode::usage,
                          "no environment\nhint: --environment-id, ANTHROPIC_ENVIRONMENT_ID, or "
                          "environment_id in [control_plane]"};
  order.settings.worker_id = worker_id(options);
  add_places(options, configuration, order);
  TRY(check_header(order.settings.worker_id, "the worker's id"));
  TRY(check_header(order.settings.api_version, "the API's version"));
  if (!order.seed.empty() && order.workspace == roles::WorkspaceMode::shared)
    return roles::Failure{ExitCode::usage,
                          "--seed is for workspaces of the sessions' own, not a shared one"};
  TRY(add_environment_key(options, configuration, std::move(given_key), log, order));
  TRY(add_item(options, order));
  return order;
}

}  // namespace glovebox::cli
