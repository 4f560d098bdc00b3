#include "cli/rehearse.h"

#include <fcntl.h>
#include <signal.h>

#include <format>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/log_reader.h"
#include "audit/verify_folder.h"
#include "base/clock.h"
#include "cli/message.h"
#include "cli/process_secrets.h"
#include "cli/rehearsal_origin.h"
#include "cli/rehearse_report.h"
#include "codec/json.h"
#include "codec/url.h"
#include "codec/visible_ascii.h"
#include "net/connector.h"
#include "net/dial.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/proxy.h"
#include "net/resolver.h"
#include "os/file.h"
#include "os/process.h"
#include "plane/rehearsal.h"
#include "policy/diagnostic.h"
#include "roles/policy_source.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr std::uint64_t kMaxRehearsal = 1 << 20;
constexpr milliseconds kLook{50};
constexpr seconds kPlaneStart{20};
constexpr std::string_view kName = "rehearsal";

struct Order {
  std::string file, text, policy, state, workdir;
  std::optional<std::string> origin;
  Duration timeout{};
};

// The plane's one line.
struct PlaneFacts {
  std::string base_url, api_key, environment, environment_key;
};

Result<PlaneFacts> parse_plane_line(std::string_view line) {
  const Json json = TRY_CONTEXT(codec::parse_json(line), "the plane's first line");
  PlaneFacts facts;
  for (const auto& [key, into] :
       {std::pair{"base_url", &facts.base_url}, std::pair{"api_key", &facts.api_key},
        std::pair{"environment_id", &facts.environment},
        std::pair{"environment_key", &facts.environment_key}}) {
    const std::string* text = json.get_string(key);
    if (!text) return Error(ErrorKind::protocol, std::format("the plane did not tell its {}", key));
    *into = *text;
  }
  return facts;
}

// The children: the plane, and the worker with its roles. They end with this object.
class Stage {
 public:
  static Result<std::unique_ptr<Stage>> build(const Order& order) {
    auto stage = std::make_unique<Stage>();
    stage->program_ = TRY(os::open_own_executable());
    stage->log_path_ = order.state + ".log";
    stage->log_ =
        TRY_CONTEXT(os::open_path(stage->log_path_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600),
                    stage->log_path_);
    if (order.origin)
      stage->origin_.emplace(TRY_CONTEXT(
          RehearsalOrigin::start(stage->program_.get(), *order.origin, order.state + ".origin"),
          "origin"));
    TRY_CONTEXT(stage->start_plane(), "plane");
    TRY_CONTEXT(stage->start_worker(order), "worker");
    return stage;
  }

  const PlaneFacts& plane() const { return facts_; }
  const std::string& log_path() const { return log_path_; }
  bool worker_runs() {
    if (worker_.running())
      if (auto facts = worker_.reap(os::Process::Wait::no); facts && *facts) ended_ = **facts;
    return worker_.running() && !ended_;
  }
  // Lets the worker release its item and close its log.
  Result<int> end_worker() {
    if (!ended_) {
      TRY(worker_.signal(SIGTERM));
      ended_ = *TRY(worker_.reap(os::Process::Wait::yes));
    }
    return ended_->signalled ? 128 + ended_->code : ended_->code;
  }

 private:
  Result<void> start_plane() {
    os::Pipe out = TRY(os::make_pipe());
    const UniqueFd nothing = TRY(os::open_path("/dev/null", O_RDONLY));
    plane_ = TRY(os::spawn({.executable = program_.get(),
                            .arguments = {"glovebox", "plane"},
                            .environment = {},
                            .fds = {{nothing.get(), 0}, {out.writer.get(), 1}, {log_.get(), 2}}}));
    out.writer.reset();
    std::string line;
    while (!line.ends_with('\n')) {
      std::vector<os::Poll> polls = {{.fd = out.reader.get()}};
      if (!TRY(os::poll_fds(polls, kPlaneStart)))
        return Error(ErrorKind::timeout, "it did not start in time");
      char byte = 0;
      if (TRY(os::read_some(out.reader.get(), &byte, 1)) == 0)
        return Error(ErrorKind::closed, "it ended at its start, see " + log_path_);
      line += byte;
    }
    facts_ = TRY(parse_plane_line(line));
    return {};
  }

  Result<void> start_worker(const Order& order) {
    const UniqueFd nothing = TRY(os::open_path("/dev/null", O_RDONLY));
    std::vector<std::string> arguments = {"glovebox",         "worker",
                                          "--base-url",       facts_.base_url,
                                          "--environment-id", facts_.environment,
                                          "--policy",         order.policy,
                                          "--state",          order.state,
                                          "--drain",          "5s",
                                          "--max-idle",       "0"};
    if (!order.workdir.empty())
      arguments.insert(arguments.end(), {"--workdir", order.workdir, "--workspace", "shared"});
    std::vector<std::string> environment = {"ANTHROPIC_ENVIRONMENT_KEY=" + facts_.environment_key};
    if (origin_) {
      arguments.insert(arguments.end(), {"--config", origin_->configuration()});
      environment.push_back("CREDENTIALS_DIRECTORY=" + origin_->credentials());
    }
    worker_ = TRY(os::spawn({.executable = program_.get(),
                             .arguments = std::move(arguments),
                             .environment = std::move(environment),
                             .fds = {{nothing.get(), 0}, {log_.get(), 1}, {log_.get(), 2}}}));
    return {};
  }

  UniqueFd program_, log_;
  std::string log_path_;
  PlaneFacts facts_;
  std::optional<RehearsalOrigin> origin_;
  os::Process plane_, worker_;
  std::optional<os::ExitFacts> ended_;
};

// What the command asks of the plane, as an owner of an API key would.
class Client {
 public:
  static Result<std::unique_ptr<Client>> make(const Clock& clock, const PlaneFacts& plane) {
    auto client = std::make_unique<Client>();
    client->loop_ = TRY(net::Loop::make(clock));
    client->resolver_ = TRY(net::make_resolver(*client->loop_, {}));
    client->dialer_.emplace(*client->loop_, *client->resolver_);
    client->connector_.emplace(*client->dialer_, net::ProxyRules(), std::nullopt);
    client->http_.emplace(*client->loop_, *client->connector_,
                          TRY(codec::BaseUrl::parse(plane.base_url)), "glovebox-rehearse");
    client->key_ = Secret::take(std::string(plane.api_key));
    return client;
  }

  Result<Json> ask(std::string method, std::string path, std::string body = "") {
    net::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.fields.add("anthropic-version", "2026-10-21");
    request.fields.add("anthropic-beta", "managed-agents-2026-04-01");
    request.has_body = !body.empty();
    request.body = std::move(body);
    request.bearer = &key_;
    const std::string what = request.method + " " + request.path;
    const auto response = TRY_CONTEXT(
        loop_->run_until(http_->send(std::move(request), {.deadline = loop_->now() + seconds(10)})),
        what);
    if (response.status != 200)
      return Error(ErrorKind::protocol,
                   std::format("{}: {} {}", what, response.status, response.body));
    return codec::parse_json(response.body);
  }
  Result<std::string> create_session(const std::string& environment) {
    const Json session = TRY(ask(
        "POST", "/v1/sessions",
        codec::to_json(Json::object(
            {{"agent", "agent_rehearsal"},
             {"environment_id", environment},
             {"metadata", Json::object({{"rehearsal", kName}})},
             {"initial_events",
              Json::array({Json::object(
                  {{"type", "user.message"},
                   {"content",
                    Json::array({Json::object({{"type", "text"}, {"text", "begin"}})})}})})}}))));
    const std::string* id = session.get_string("id");
    if (!id) return Error(ErrorKind::protocol, "the plane made a session without an id");
    return *id;
  }

 private:
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<net::Resolver> resolver_;
  std::optional<net::TcpDialer> dialer_;
  std::optional<net::Connector> connector_;
  std::optional<net::HttpClient> http_;
  Secret key_;
};

// Lines of all records; as far as they can be read while the worker writes.
std::string read_log(const Order& order) {
  std::string lines;
  auto log = audit::LogReader::open(order.state + "/audit");
  if (!log) return lines;
  for (auto record = log->next(); record && *record; record = log->next()) {
    lines += (*record)->bytes;
    lines += '\n';
  }
  return lines;
}

// Until the rehearsal is over. True: everything as expected.
Result<bool> play(Stage& stage, Client& client, const Order& order, const Clock& clock) {
  TRY(client.ask("PUT", std::format("/_plane/rehearsals/{}", kName), order.text));
  const std::string session = TRY(client.create_session(stage.plane().environment));
  RehearsalTeller teller;
  const Duration ends = clock.monotonic() + order.timeout;
  while (true) {
    const Json report =
        TRY(client.ask("GET", "/_plane/rehearsals/" + codec::percent_encode_segment(session)));
    const RehearsalTeller::News news = teller.look(report);
    if (!news.ended.empty()) print_out(teller.tell(report, read_logged_calls(read_log(order))));
    if (news.over) {
      print_out(std::format("\n{}\n", news.summary));
      return news.passed;
    }
    if (!stage.worker_runs())
      return Error(ErrorKind::closed, "the worker ended early, see " + stage.log_path());
    if (clock.monotonic() >= ends)
      return Error(ErrorKind::timeout, "the time for it is over, see " + stage.log_path());
    std::vector<os::Poll> nothing;
    TRY(os::poll_fds(nothing, kLook));
  }
}

Result<audit::Verdict> close(Stage& stage, const Order& order) {
  const int code = TRY(stage.end_worker());
  if (code != 0)
    print_note(std::format("the worker ended with {}, see {}", code, stage.log_path()));
  const std::string folder = order.state + "/audit";
  SystemRandom random;
  const audit::LogReport report = TRY(audit::verify_folder(folder, {}, random));
  const std::string verdict =
      report.reason.empty()
          ? std::string(audit::to_string(report.verdict))
          : std::format("{}: {}", audit::to_string(report.verdict), report.reason);
  print_out(std::format("audit log: {}\naudit verify: {} records, {} calls, {} refused, {}\n",
                        folder, report.records, report.intents, report.denials,
                        codec::visible_ascii(verdict)));
  return report.verdict;
}

std::string temporary_state() {
  const std::string named = variable("TMPDIR");
  SystemRandom random;
  constexpr std::size_t kRandomBytes = 8;
  return std::format("{}/glovebox-rehearsal-{}", named.starts_with('/') ? named : "/tmp",
                     random.hex(kRandomBytes));
}

}  // namespace

ExitCode run_rehearsal(const RehearseOptions& options) {
  Order order{.file = options.file,
              .text = {},
              .policy = options.policy,
              .state = options.state ? *options.state : temporary_state(),
              .workdir = options.workdir.value_or(""),
              .origin = options.origin,
              .timeout = options.timeout};

  if (order.origin)
    if (auto named = RehearsalOrigin::check(*order.origin); !named)
      return fail(ExitCode::usage,
                  std::format("--origin: {}\nhint: HOST:PORT", named.error().message()));
  auto text = os::read_file(order.file, kMaxRehearsal);
  if (!text) return fail(ExitCode::invalid_file, text.error().message());
  order.text = std::move(*text);
  const auto rehearsal = plane::parse_rehearsal(order.file, order.text);
  if (!rehearsal)
    return fail(ExitCode::invalid_file, policy::to_text(rehearsal.error(), order.text));
  const auto policy = roles::read_policy(order.policy);
  if (!policy) return fail(ExitCode::unconfigured, policy.error().message());

  print_out(std::format("rehearsal {} under {}: {}\n\n", order.file, order.policy,
                        visible_lines(rehearsal->about)));
  const SystemClock clock;
  const auto stage = Stage::build(order);
  // What it was to use is somebody else's: the folder of its state, the port of its origin.
  if (!stage)
    return fail(stage.error().kind() == ErrorKind::exists ? ExitCode::unconfigured : ExitCode::bug,
                stage.error().message());
  const auto client = Client::make(clock, (*stage)->plane());
  if (!client) return fail(ExitCode::bug, client.error().message());
  const auto passed = play(**stage, **client, order, clock);
  if (!passed) print_error(passed.error().message());
  const auto verdict = close(**stage, order);
  if (!verdict) return fail(ExitCode::bug, verdict.error().message());
  if (!passed) return ExitCode::bug;
  return *passed && *verdict == audit::Verdict::good ? ExitCode::done : ExitCode::negative;
}

}  // namespace glovebox::cli
