#include "cli/worker_order.h"

#include <fcntl.h>
#include <stdlib.h>

#include <optional>
#include <string_view>
#include <tuple>

#include "base/clock.h"
#include "base/units.h"
#include "cli/process_secrets.h"
#include "codec/url.h"
#include "codec/uuid.h"
#include "net/tls.h"
#include "os/file.h"
#include "worker/work_secret.h"

namespace glovebox::cli {

namespace {

constexpr std::string_view kDefaultBaseUrl = "https://api.anthropic.com";
constexpr std::uint64_t kMaxSecretFile = 64 * kKiB;

std::unexpected<Ending> end(ExitCode code, std::string message) {
  return std::unexpected(Ending{code, std::move(message)});
}
std::unexpected<Ending> end(ExitCode code, const Error& error, std::string_view what = "") {
  return end(code, what.empty() ? error.message() : std::string(what) + ": " + error.message());
}

#define CLI_TRY(expression)                                     \
  ({                                                            \
    auto step = (expression);                                   \
    if (!step) return std::unexpected(std::move(step).error()); \
    *std::move(step);                                           \
  })

std::string either(const std::optional<std::string>& flag, const char* name) {
  return flag ? *flag : variable(name);
}

Secret environment_key(Secret given, const Log& log) {
  Secret key = take_variable("ANTHROPIC_ENVIRONMENT_KEY");
  if (given.empty()) return key;
  log.warning(
      "a key on the command line can be read by others while this program starts: use "
      "ANTHROPIC_ENVIRONMENT_KEY");
  return given;
}

Step<Secret> work_secret(const std::optional<std::string>& path) {
  Secret secret = take_variable("ANTHROPIC_WORK_SECRET");
  if (!path) return secret;
  const auto file = os::open_path(*path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) return end(ExitCode::unconfigured, file.error(), *path);
  const auto facts = os::facts_of(file->get());
  if (!facts) return end(ExitCode::unconfigured, facts.error(), *path);
  constexpr std::uint32_t kOthers = 077;
  if (facts->type != os::FileType::regular || (facts->mode & kOthers) != 0)
    return end(ExitCode::unconfigured,
               *path + ": group or others can read it\nhint: chmod 600 " + *path);
  auto text = os::read_all(file->get(), kMaxSecretFile);
  if (!text) return end(ExitCode::unconfigured, text.error(), *path);
  while (text->ends_with('\n')) text->pop_back();
  return Secret::take(std::move(*text));
}

Step<void> add_transport(const WorkerOptions& options, roles::WorkerRoleSettings& settings,
                         std::vector<std::pair<std::string, Secret>>& secrets) {
  const auto base = codec::BaseUrl::parse(settings.base_url);
  if (!base) return end(ExitCode::unconfigured, base.error(), "base url");
  if (auto checked = worker::check_transport(*base, options.plain_http); !checked)
    return end(ExitCode::unconfigured,
               checked.error().message() + "\nhint: --allow-http, if the way there is trusted");
  for (const auto& [lower, upper, name] :
       {std::tuple{"https_proxy", "HTTPS_PROXY", roles::kHttpsProxy},
        std::tuple{"http_proxy", "HTTP_PROXY", roles::kHttpProxy}}) {
    Secret proxy = take_variable(lower);
    Secret other = take_variable(upper);
    if (proxy.empty()) proxy = std::move(other);
    if (!proxy.empty()) secrets.emplace_back(std::string(name), std::move(proxy));
  }
  settings.no_proxy = variable("no_proxy");
  if (settings.no_proxy.empty()) settings.no_proxy = variable("NO_PROXY");

  net::CaChoice choice;
  choice.file = options.ca_file;
  if (const std::string named = variable("SSL_CERT_FILE"); !named.empty())
    choice.environment = named;
  auto bundle = net::load_ca_bundle(choice);
  if (bundle) {
    settings.ca_path = std::move(bundle->path);
    settings.ca_pem = std::move(bundle->pem);
  } else if (base->is_https() || choice.file) {
    return end(ExitCode::unconfigured, bundle.error().message() + "\nhint: --ca-file FILE");
  }
  return {};
}

Step<void> add_item(const WorkerOptions& options, WorkerOrder& order) {
  Secret secret = CLI_TRY(work_secret(options.work_secret_file));
  if (options.mode == WorkerOptions::Mode::poll) return {};
  roles::ClaimedItem item{either(options.work, "ANTHROPIC_WORK_ID"),
                          either(options.session, "ANTHROPIC_SESSION_ID")};
  if (item.work.empty() || item.session.empty())
    return end(ExitCode::usage, "worker run needs --work-id and --session-id, or their variables");
  order.settings.claimed = std::move(item);
  if (!secret.empty())
    order.secrets.emplace_back(std::string(roles::kWorkSecret), std::move(secret));
  return {};
}

}  // namespace

Step<WorkerOrder> read_worker_order(const WorkerOptions& options, Secret given_key,
                                    const Log& log) {
  WorkerOrder order;
  roles::WorkerRoleSettings& settings = order.settings;
  settings.base_url = either(options.base_url, "ANTHROPIC_BASE_URL");
  if (settings.base_url.empty()) settings.base_url = kDefaultBaseUrl;
  settings.environment = either(options.environment, "ANTHROPIC_ENVIRONMENT_ID");
  if (settings.environment.empty())
    return end(ExitCode::usage,
               "no environment\nhint: --environment-id or "
               "ANTHROPIC_ENVIRONMENT_ID");
  settings.worker_id = either(options.worker_id, "ANTHROPIC_WORKER_ID");
  if (settings.worker_id.empty()) {
    SystemRandom random;
    const std::string host = variable("HOSTNAME");
    settings.worker_id = (host.empty() ? "" : host + "-") + codec::uuid4(random);
  }
  settings.api_version = options.api_version;
  settings.user_agent = "glovebox/" GLOVEBOX_VERSION;
  settings.max_idle = options.max_idle;
  settings.drain = options.drain;
  settings.silence = options.stream_silence;
  settings.max_sessions = options.max_sessions;
  settings.log_format = options.log_format;
  order.policy = options.policy;
  order.state = options.state.value_or("");
  order.workdir = options.workdir.value_or("");
  order.workspace = options.workspace;
  order.seed = options.seed.value_or("");
  order.keep = options.keep;
  order.max_calls = options.max_calls;
  order.warm = options.warm;
  if (!order.seed.empty() && order.workspace == roles::WorkspaceMode::shared)
    return end(ExitCode::usage, "--seed is for workspaces of the sessions' own, not a shared one");

  Secret key = environment_key(std::move(given_key), log);
  if (options.mode == WorkerOptions::Mode::poll && key.empty())
    return end(ExitCode::unconfigured, "no environment key\nhint: ANTHROPIC_ENVIRONMENT_KEY");
  if (!key.empty()) order.secrets.emplace_back(std::string(roles::kEnvironmentKey), std::move(key));
  CLI_TRY(add_item(options, order));
  CLI_TRY(add_transport(options, settings, order.secrets));
  return order;
}

}  // namespace glovebox::cli
