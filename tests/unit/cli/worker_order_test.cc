#include "cli/worker_order.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/file.h"

using namespace glovebox;
using namespace glovebox::cli;

namespace {

using Variables = std::vector<std::pair<const char*, const char*>>;

// Reads an order with these variables and no others of those that the worker looks at.
class Reading {
 public:
  Reading() {
    std::string made = std::filesystem::temp_directory_path() / "glovebox-order-XXXXXX";
    REQUIRE(::mkdtemp(made.data()) != nullptr);
    folder_ = made;
    options.environment = "env_1";
    options.base_url = "http://127.0.0.1:1";
  }
  ~Reading() { std::filesystem::remove_all(folder_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  std::string file(std::string_view text, mode_t mode) {
    const std::string path = folder_ / "file";
    std::filesystem::remove(path);
    std::ofstream(path) << text;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  roles::Outcome<WorkerOrder> read(const Variables& variables, std::string_view key = "") {
    for (const char* name :
         {"ANTHROPIC_ENVIRONMENT_KEY", "ANTHROPIC_WORK_SECRET", "ANTHROPIC_ENVIRONMENT_ID",
          "ANTHROPIC_BASE_URL", "ANTHROPIC_WORKER_ID", "ANTHROPIC_WORK_ID", "ANTHROPIC_SESSION_ID",
          "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy",
          "SSL_CERT_FILE", "HOSTNAME"})
      ::unsetenv(name);
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
    os::Pipe pipe = os::make_pipe().value();
    const Log log(pipe.writer.get(), "test");
    auto order = read_worker_order(options, configuration, Secret::take(std::string(key)), log);
    pipe.writer.reset();
    said = os::read_all(pipe.reader.get(), 1 << 16).value();
    return order;
  }

  WorkerOptions options;
  Configuration configuration;
  std::string said;  // what the log got

 private:
  std::filesystem::path folder_;
};

const Secret* find(const WorkerOrder& order, std::string_view name) {
  for (const auto& [known, secret] : order.secrets)
    if (known == name) return &secret;
  return nullptr;
}

constexpr std::pair<const char*, const char*> kKey = {"ANTHROPIC_ENVIRONMENT_KEY", "sk-env"};

}  // namespace

TEST_CASE("an order that cannot be served is refused, with the code and a way out") {
  using Mode = WorkerOptions::Mode;
  struct Row {
    const char* name;
    std::function<void(Reading&)> change;
    Variables variables;
    ExitCode code;
    std::string_view says;
  };
  const Row rows[] = {
      {"no environment",
       [](Reading& r) { r.options.environment.reset(); },
       {kKey},
       ExitCode::usage,
       "hint: --environment-id"},
      {"no environment in the file that is named",
       [](Reading& r) {
         r.options.environment.reset();
         r.options.config = "/etc/glovebox/glovebox.toml";
       },
       {kKey},
       ExitCode::unconfigured,
       "environment_id in [control_plane]"},
      {"a key that is no header",
       [](Reading&) {},
       {{"ANTHROPIC_ENVIRONMENT_KEY", "sk-env\n2"}},
       ExitCode::unconfigured,
       "the environment key cannot be sent"},
      {"a worker's id that is no header",
       [](Reading& r) { r.options.worker_id = "a\rb"; },
       {kKey},
       ExitCode::unconfigured,
       "the worker's id cannot be sent"},
      {"a version that is no header",
       [](Reading& r) { r.options.api_version = " 2"; },
       {kKey},
       ExitCode::unconfigured,
       "the API's version cannot be sent"},
      {"a proxy of another kind",
       [](Reading&) {},
       {kKey, {"https_proxy", "socks5://sk-env:1"}},
       ExitCode::unconfigured,
       "HTTPS_PROXY: proxy address"},
      {"an exception from the proxy that is none",
       [](Reading&) {},
       {kKey, {"NO_PROXY", "10.0.0.0/99"}},
       ExitCode::unconfigured,
       "NO_PROXY"},
      {"run without any credential",
       [](Reading& r) {
         r.options.mode = Mode::run;
         r.options.work = r.options.session = "x";
       },
       {},
       ExitCode::unconfigured,
       "hint: ANTHROPIC_WORK_SECRET"},
      {"run with a secret that is none, and no key",
       [](Reading& r) {
         r.options.mode = Mode::run;
         r.options.work = r.options.session = "x";
       },
       {{"ANTHROPIC_WORK_SECRET", "sk-env"}},
       ExitCode::unconfigured,
       "no usable credential"},
      {"no key", [](Reading&) {}, {}, ExitCode::unconfigured, "hint: ANTHROPIC_ENVIRONMENT_KEY"},
      {"an empty key",
       [](Reading&) {},
       {{"ANTHROPIC_ENVIRONMENT_KEY", ""}},
       ExitCode::unconfigured,
       "no environment key"},
      {"no url",
       [](Reading& r) { r.options.base_url = "ftp://x"; },
       {kKey},
       ExitCode::unconfigured,
       "base url"},
      {"plain http to far away",
       [](Reading& r) { r.options.base_url = "http://192.0.2.1"; },
       {kKey},
       ExitCode::unconfigured,
       "hint: --allow-http"},
      {"a bundle that is not there",
       [](Reading& r) { r.options.ca_file = "/nowhere"; },
       {kKey},
       ExitCode::unconfigured,
       "/nowhere"},
      {"a bundle of the environment that is not there",
       [](Reading& r) { r.options.base_url = "https://192.0.2.1"; },
       {kKey, {"SSL_CERT_FILE", "/nowhere"}},
       ExitCode::unconfigured,
       "hint: --ca-file"},
      {"run without an item",
       [](Reading& r) { r.options.mode = Mode::run; },
       {kKey},
       ExitCode::usage,
       "--work-id and --session-id"},
      {"run without a session",
       [](Reading& r) {
         r.options.mode = Mode::run;
         r.options.work = "w";
       },
       {kKey},
       ExitCode::usage,
       "--work-id and --session-id"},
      {"a work secret that others can read",
       [](Reading& r) {
         r.options.mode = Mode::run;
         r.options.work = r.options.session = "x";
         r.options.work_secret_file = r.file("s", 0640);
       },
       {},
       ExitCode::unconfigured,
       "hint: chmod 600"},
      {"a work secret that is no file",
       [](Reading& r) {
         r.options.mode = Mode::run;
         r.options.work = r.options.session = "x";
         r.options.work_secret_file = "/dev/null";
       },
       {},
       ExitCode::unconfigured,
       "/dev/null"},
      {"a work secret that is not there",
       [](Reading& r) {
         r.options.mode = Mode::run;
         r.options.work = r.options.session = "x";
         r.options.work_secret_file = "/nowhere";
       },
       {},
       ExitCode::unconfigured,
       "/nowhere"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Reading reading;
    row.change(reading);
    const auto order = reading.read(row.variables);
    REQUIRE_FALSE(order);
    INFO(order.error().message);
    CHECK(order.error().code == row.code);
    CHECK(order.error().message.contains(row.says));
    CHECK_FALSE(order.error().message.contains("sk-env"));
  }
}

TEST_CASE("a flag wins over its variable, a variable over the default") {
  const Variables variables = {kKey,
                               {"ANTHROPIC_ENVIRONMENT_ID", "env_v"},
                               {"ANTHROPIC_BASE_URL", "http://127.0.0.1:2"},
                               {"ANTHROPIC_WORKER_ID", "worker_v"}};
  Reading reading;
  reading.options.worker_id = "worker_f";
  const auto flags = reading.read(variables);
  REQUIRE(flags);
  CHECK(flags->settings.environment == "env_1");
  CHECK(flags->settings.base_url == "http://127.0.0.1:1");
  CHECK(flags->settings.worker_id == "worker_f");

  reading.options.environment.reset();
  reading.options.base_url.reset();
  reading.options.worker_id.reset();
  const auto given = reading.read(variables);
  REQUIRE(given);
  CHECK(given->settings.environment == "env_v");
  CHECK(given->settings.base_url == "http://127.0.0.1:2");
  CHECK(given->settings.worker_id == "worker_v");
}

TEST_CASE("the configuration stands behind flags and variables") {
  Reading reading;
  Configuration& configured = reading.configuration;
  configured.base_url = "http://127.0.0.1:3";
  configured.environment = "env_c";
  configured.api_version = "2026-01-01";
  configured.max_sessions = 5;
  configured.max_idle = seconds(5);
  configured.drain = seconds(6);
  configured.keep = seconds(8);
  configured.max_calls = 9;
  configured.warm = 0;
  configured.policy = "policy_c";
  configured.state = "state_c";
  configured.workdir = "work_c";
  configured.seed = "seed_c";
  configured.audit = "audit_c";
  configured.audit_origin = "origin_c";
  configured.user_range = roles::IdRange{100000, 200000};
  configured.log_level = LogLevel::error;
  configured.log_format = LogFormat::json;
  configured.environment_key =
      roles::SecretReference{roles::SecretReference::From::file, reading.file("sk-file\n", 0600)};

  reading.options = {};
  const auto alone = reading.read({});
  INFO((alone ? "" : alone.error().message));
  REQUIRE(alone);
  CHECK(alone->settings.base_url == "http://127.0.0.1:3");
  CHECK(alone->settings.environment == "env_c");
  CHECK(alone->settings.api_version == "2026-01-01");
  CHECK(alone->settings.max_sessions == 5);
  CHECK(alone->settings.max_idle == seconds(5));
  CHECK(alone->settings.drain == seconds(6));
  CHECK(alone->settings.log_level == LogLevel::error);
  CHECK(alone->settings.log_format == LogFormat::json);
  CHECK(alone->keep == seconds(8));
  CHECK(alone->max_calls == 9);
  CHECK(alone->warm == 0);
  CHECK(alone->policy == "policy_c");
  CHECK(alone->state == "state_c");
  CHECK(alone->workdir == "work_c");
  CHECK(alone->seed == "seed_c");
  CHECK(alone->audit == "audit_c");
  CHECK(alone->audit_origin == "origin_c");
  CHECK(alone->ids == roles::IdRange{100000, 200000});
  CHECK(find(*alone, roles::kEnvironmentKey)->reveal() == "sk-file");
  REQUIRE(alone->secret_files.size() == 1);
  CHECK(alone->secret_files[0].first == roles::kEnvironmentKey);

  const auto variables = reading.read({kKey, {"ANTHROPIC_ENVIRONMENT_ID", "env_v"}});
  REQUIRE(variables);
  CHECK(variables->settings.environment == "env_v");
  CHECK(find(*variables, roles::kEnvironmentKey)->reveal() == "sk-env");
  CHECK(variables->secret_files.empty());  // what came once is not read again

  reading.options.max_sessions = 9;
  reading.options.policy = "policy_f";
  reading.options.keep = seconds(7);
  const auto flags = reading.read({});
  REQUIRE(flags);
  CHECK(flags->settings.max_sessions == 9);
  CHECK(flags->policy == "policy_f");
  CHECK(flags->keep == seconds(7));
}

TEST_CASE("the operator's proxy takes the place of the environment's, its word comes as a secret") {
  Reading reading;
  reading.configuration.proxy = "http://proxy:3128";
  reading.configuration.no_proxy = "c";
  reading.configuration.proxy_auth =
      roles::SecretReference{roles::SecretReference::From::variable, "GLOVEBOX_TEST_PROXY"};
  const auto order = reading.read({kKey,
                                   {"HTTPS_PROXY", "http://other"},
                                   {"NO_PROXY", "b"},
                                   {"GLOVEBOX_TEST_PROXY", "user:word"}});
  REQUIRE(order);
  CHECK(order->settings.proxy == "http://proxy:3128");
  CHECK(order->settings.no_proxy == "c");
  CHECK_FALSE(find(*order, roles::kHttpsProxy));
  REQUIRE(find(*order, roles::kProxyAuth));
  CHECK(find(*order, roles::kProxyAuth)->reveal() == "user:word");
  CHECK(::getenv("HTTPS_PROXY") == nullptr);
  CHECK(::getenv("GLOVEBOX_TEST_PROXY") == nullptr);

  const auto without = reading.read({kKey});
  REQUIRE_FALSE(without);
  CHECK(without.error().code == ExitCode::unconfigured);
  CHECK(without.error().message.contains("proxy_auth: GLOVEBOX_TEST_PROXY is not set"));
}

TEST_CASE("a worker without a name makes one of the host and chance") {
  Reading reading;
  const auto first = reading.read({kKey, {"HOSTNAME", "h"}});
  const auto second = reading.read({kKey});
  REQUIRE((first && second));
  CHECK(first->settings.worker_id.starts_with("h-"));
  CHECK(second->settings.worker_id.size() == 36);
  CHECK_FALSE(first->settings.worker_id.ends_with(second->settings.worker_id));
}

TEST_CASE("keys are taken out of the environment and never logged") {
  Reading reading;
  const auto order = reading.read({kKey,
                                   {"ANTHROPIC_WORK_SECRET", "ws"},
                                   {"HTTPS_PROXY", "http://user:pw-upper@p"},
                                   {"https_proxy", "http://user:pw-lower@p"},
                                   {"HTTP_PROXY", "http://user:pw-plain@p"}});
  REQUIRE(order);
  REQUIRE(find(*order, roles::kEnvironmentKey));
  CHECK(find(*order, roles::kEnvironmentKey)->reveal() == "sk-env");
  REQUIRE(find(*order, roles::kHttpsProxy));
  CHECK(find(*order, roles::kHttpsProxy)->reveal() == "http://user:pw-lower@p");
  CHECK(find(*order, roles::kHttpProxy)->reveal() == "http://user:pw-plain@p");
  CHECK_FALSE(find(*order, roles::kWorkSecret));  // of `run` alone
  CHECK(::getenv("ANTHROPIC_ENVIRONMENT_KEY") == nullptr);
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "HTTP_PROXY", "ANTHROPIC_WORK_SECRET"}) {
    INFO(name);
    CHECK(::getenv(name) == nullptr);
  }
  CHECK(reading.said.empty());
}

TEST_CASE("a key of the command line is used, with a warning that does not repeat it") {
  Reading reading;
  const auto order = reading.read({kKey}, "sk-flag");
  REQUIRE(order);
  CHECK(find(*order, roles::kEnvironmentKey)->reveal() == "sk-flag");
  CHECK(reading.said.contains("can be read by others"));
  CHECK_FALSE(reading.said.contains("sk-"));
  CHECK(::getenv("ANTHROPIC_ENVIRONMENT_KEY") == nullptr);
}

TEST_CASE("one claimed item needs no environment key, and may bring a secret") {
  // {"sessions_token":"t"}
  constexpr const char* kSecret = "eyJzZXNzaW9uc190b2tlbiI6InQifQ";
  Reading reading;
  reading.options.mode = WorkerOptions::Mode::run;
  const auto order = reading.read({{"ANTHROPIC_WORK_ID", "w"},
                                   {"ANTHROPIC_SESSION_ID", "s"},
                                   {"ANTHROPIC_WORK_SECRET", kSecret}});
  REQUIRE(order);
  REQUIRE(order->settings.claimed);
  CHECK(order->settings.claimed->work == "w");
  CHECK(order->settings.claimed->session == "s");
  CHECK(find(*order, roles::kWorkSecret)->reveal() == kSecret);

  reading.options.work_secret_file = reading.file("eyJzZXNzaW9uc190b2tlbiI6ImYifQ\n\n", 0600);
  const auto from_file = reading.read({{"ANTHROPIC_WORK_ID", "w"},
                                       {"ANTHROPIC_SESSION_ID", "s"},
                                       {"ANTHROPIC_WORK_SECRET", kSecret}});
  REQUIRE(from_file);
  CHECK(find(*from_file, roles::kWorkSecret)->reveal() == "eyJzZXNzaW9uc190b2tlbiI6ImYifQ");

  // One that cannot be read is no obstacle where there is a key.
  reading.options.work_secret_file.reset();
  CHECK(reading.read({kKey,
                      {"ANTHROPIC_WORK_ID", "w"},
                      {"ANTHROPIC_SESSION_ID", "s"},
                      {"ANTHROPIC_WORK_SECRET", "nonsense"}}));
}

TEST_CASE("the settings are those of the flags") {
  Reading reading;
  WorkerOptions& options = reading.options;
  options.base_url = "http://192.0.2.1";
  options.plain_http = worker::PlainHttp::allowed;
  options.max_sessions = 3;
  options.max_idle = seconds(1);
  options.drain = seconds(2);
  options.stream_silence = seconds(3);
  options.log_format = LogFormat::json;
  options.workspace = roles::WorkspaceMode::shared;
  options.policy = "p";
  options.state = "s";
  options.workdir = "d";
  options.ca_file = reading.file("pem", 0644);
  const auto order = reading.read({kKey, {"no_proxy", "a"}, {"NO_PROXY", "b"}});
  REQUIRE(order);
  CHECK(order->settings.max_sessions == 3);
  CHECK(order->settings.max_idle == seconds(1));
  CHECK(order->settings.drain == seconds(2));
  CHECK(order->settings.silence == seconds(3));
  CHECK(order->settings.log_format == LogFormat::json);
  CHECK(order->settings.no_proxy == "a");
  CHECK(order->settings.ca_pem == "pem");
  CHECK(order->workspace == roles::WorkspaceMode::shared);
  CHECK(order->policy == "p");
  CHECK(order->state == "s");
  CHECK(order->workdir == "d");
}
