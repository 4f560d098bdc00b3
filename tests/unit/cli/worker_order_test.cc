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
  Step<WorkerOrder> read(const Variables& variables, std::string_view key = "") {
    for (const char* name :
         {"ANTHROPIC_ENVIRONMENT_KEY", "ANTHROPIC_WORK_SECRET", "ANTHROPIC_ENVIRONMENT_ID",
          "ANTHROPIC_BASE_URL", "ANTHROPIC_WORKER_ID", "ANTHROPIC_WORK_ID", "ANTHROPIC_SESSION_ID",
          "HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "NO_PROXY", "no_proxy",
          "SSL_CERT_FILE", "HOSTNAME"})
      ::unsetenv(name);
    for (const auto& [name, value] : variables) ::setenv(name, value, 1);
    os::Pipe pipe = os::make_pipe().value();
    const Log log(pipe.writer.get(), "test");
    auto order = read_worker_order(options, Secret::take(std::string(key)), log);
    pipe.writer.reset();
    said = os::read_all(pipe.reader.get(), 1 << 16).value();
    return order;
  }

  WorkerOptions options;
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
  Reading reading;
  reading.options.mode = WorkerOptions::Mode::run;
  const auto order = reading.read({{"ANTHROPIC_WORK_ID", "w"},
                                   {"ANTHROPIC_SESSION_ID", "s"},
                                   {"ANTHROPIC_WORK_SECRET", "variable"}});
  REQUIRE(order);
  REQUIRE(order->settings.claimed);
  CHECK(order->settings.claimed->work == "w");
  CHECK(order->settings.claimed->session == "s");
  CHECK(find(*order, roles::kWorkSecret)->reveal() == "variable");

  reading.options.work_secret_file = reading.file("file\n\n", 0600);
  const auto from_file = reading.read({{"ANTHROPIC_WORK_ID", "w"},
                                       {"ANTHROPIC_SESSION_ID", "s"},
                                       {"ANTHROPIC_WORK_SECRET", "variable"}});
  REQUIRE(from_file);
  CHECK(find(*from_file, roles::kWorkSecret)->reveal() == "file");
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
