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
constexpr std::string_view kDefaultPolicy = "/etc/glovebox/policy.toml";
constexpr std::uint64_t kMaxSecretFile = 64 * kKiB;
constexpr std::int64_t kMostSessions = 1024;

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

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string either(const Flags& flags, std::string_view flag, const char* name) {
  if (auto given = flags.value(flag)) return *given;
  return variable(name);
}

Step<Duration> duration_of(const Flags& flags, std::string_view name, Duration otherwise) {
  const auto text = flags.value(name);
  if (!text) return otherwise;
  const auto duration = parse_time_span(*text);
  if (!duration) return end(ExitCode::usage, duration.error(), name);
  return *duration;
}

Step<Secret> environment_key(const Flags& flags, const Log& log) {
  Secret key = take_variable("ANTHROPIC_ENVIRONMENT_KEY");
  if (auto given = flags.value("--environment-key")) {
    log.warning(
        "a key on the command line can be read by others while this program starts: use "
        "ANTHROPIC_ENVIRONMENT_KEY");
    key = Secret::take(std::move(*given));
  }
  return key;
}

Step<Secret> work_secret(const Flags& flags) {
  Secret secret = take_variable("ANTHROPIC_WORK_SECRET");
  const auto path = flags.value("--work-secret-file");
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

Step<void> add_transport(const Flags& flags, roles::WorkerRoleSettings& settings,
                         std::vector<std::pair<std::string, Secret>>& secrets) {
  const auto base = codec::BaseUrl::parse(settings.base_url);
  if (!base) return end(ExitCode::unconfigured, base.error(), "base url");
  const auto plain =
      flags.has("--allow-http") ? worker::PlainHttp::allowed : worker::PlainHttp::loopback_only;
  if (auto checked = worker::check_transport(*base, plain); !checked)
    return end(ExitCode::unconfigured,
               checked.error().message() + "\nhint: --allow-http, if the way there is trusted");
  for (const auto& [lower, upper, name] :
       {std::tuple{"https_proxy", "HTTPS_PROXY", roles::kHttpsProxy},
        std::tuple{"http_proxy", "HTTP_PROXY", roles::kHttpProxy}}) {
    Secret proxy = take_variable(lower);
    if (proxy.empty()) proxy = take_variable(upper);
    if (!proxy.empty()) secrets.emplace_back(std::string(name), std::move(proxy));
  }
  settings.no_proxy = variable("no_proxy");
  if (settings.no_proxy.empty()) settings.no_proxy = variable("NO_PROXY");

  net::CaChoice choice;
  choice.file = flags.value("--ca-file");
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

Step<void> add_item(WorkerMode mode, const Flags& flags, WorkerOrder& order) {
  if (mode == WorkerMode::poll) return {};
  roles::ClaimedItem item{either(flags, "--work-id", "ANTHROPIC_WORK_ID"),
                          either(flags, "--session-id", "ANTHROPIC_SESSION_ID")};
  if (item.work.empty() || item.session.empty())
    return end(ExitCode::usage, "worker run needs --work-id and --session-id, or their variables");
  order.settings.claimed = std::move(item);
  Secret secret = CLI_TRY(work_secret(flags));
  if (!secret.empty())
    order.secrets.emplace_back(std::string(roles::kWorkSecret), std::move(secret));
  return {};
}

}  // namespace

Result<Flags> parse_worker_flags(WorkerMode mode, std::span<const std::string> arguments) {
  if (mode == WorkerMode::run)
    return Flags::parse(
        arguments,
        {"--environment-id", "--environment-key", "--worker-id", "--base-url", "--workdir",
         "--max-idle", "--log-format", "--policy", "--state", "--drain", "--workspace", "--ca-file",
         "--api-version", "--stream-silence", "--session-id", "--work-id", "--work-secret-file"},
        {"--allow-http", "--help"});
  return Flags::parse(
      arguments,
      {"--environment-id", "--environment-key", "--worker-id", "--base-url", "--workdir",
       "--on-work", "--max-idle", "--log-format", "--policy", "--state", "--max-sessions",
       "--drain", "--workspace", "--ca-file", "--api-version", "--stream-silence"},
      {"--allow-http", "--help"});
}

Step<WorkerOrder> read_worker_order(WorkerMode mode, const Flags& flags, const Log& log) {
  WorkerOrder order;
  roles::WorkerRoleSettings& settings = order.settings;
  settings.base_url = either(flags, "--base-url", "ANTHROPIC_BASE_URL");
  if (settings.base_url.empty()) settings.base_url = kDefaultBaseUrl;
  settings.environment = either(flags, "--environment-id", "ANTHROPIC_ENVIRONMENT_ID");
  if (settings.environment.empty())
    return end(ExitCode::usage,
               "no environment\nhint: --environment-id or "
               "ANTHROPIC_ENVIRONMENT_ID");
  settings.worker_id = either(flags, "--worker-id", "ANTHROPIC_WORKER_ID");
  if (settings.worker_id.empty()) {
    SystemRandom random;
    const std::string host = variable("HOSTNAME");
    settings.worker_id = (host.empty() ? "" : host + "-") + codec::uuid4(random);
  }
  settings.api_version = flags.value_or("--api-version", "2026-10-21");
  settings.user_agent = "glovebox/" GLOVEBOX_VERSION;
  settings.max_idle = CLI_TRY(duration_of(flags, "--max-idle", seconds(60)));
  settings.drain = CLI_TRY(duration_of(flags, "--drain", seconds(30)));
  settings.silence = CLI_TRY(duration_of(flags, "--stream-silence", seconds(120)));
  if (auto most = flags.value("--max-sessions")) {
    const auto count = parse_count(*most, 1, kMostSessions);
    if (!count) return end(ExitCode::usage, count.error(), "--max-sessions");
    settings.max_sessions = static_cast<std::size_t>(*count);
  }
  settings.log_format = flags.value("--log-format") == "json" ? LogFormat::json : LogFormat::text;

  const std::string workspace = flags.value_or("--workspace", "session");
  if (workspace != "session" && workspace != "shared")
    return end(ExitCode::usage, "--workspace is session or shared");
  if (workspace == "shared") order.workspace = roles::WorkspaceMode::shared;
  order.policy = flags.value_or("--policy", kDefaultPolicy);
  order.state = flags.value_or("--state", "");
  order.workdir = flags.value_or("--workdir", "");
  if (const std::string hook = flags.value_or("--on-work", "in-process");
      !hook.empty() && hook != "in-process")
    return end(ExitCode::usage, "--on-work with a script is not in this version");

  Secret key = CLI_TRY(environment_key(flags, log));
  if (mode == WorkerMode::poll && key.empty())
    return end(ExitCode::unconfigured, "no environment key\nhint: ANTHROPIC_ENVIRONMENT_KEY");
  if (!key.empty()) order.secrets.emplace_back(std::string(roles::kEnvironmentKey), std::move(key));
  CLI_TRY(add_item(mode, flags, order));
  CLI_TRY(add_transport(flags, settings, order.secrets));
  return order;
}

}  // namespace glovebox::cli
