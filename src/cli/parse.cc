#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <format>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/configuration.h"
#include "cli/parse_audit.h"
#include "cli/parse_policy.h"
#include "cli/quantity.h"
#include "cli/syntax.h"

namespace glovebox::cli {

namespace {

constexpr Duration kLongestCall = std::chrono::hours(24);
constexpr std::string_view kCommandNeeded = "exec needs a command after --, or --tool";
constexpr std::int64_t kMostSessions = 1024;
constexpr std::int64_t kMostCalls = 4096;
constexpr std::int64_t kMostSeconds = 3600;
constexpr std::int64_t kMostItems = 1000;

// `--name=` has an empty value; the library would take the next argument instead.
std::vector<std::string> without_empty_assignments(std::span<const std::string> arguments) {
  std::vector<std::string> words;
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.size() > 3 &&
        argument.find('=') == argument.size() - 1) {
      words.push_back(argument.substr(0, argument.size() - 1));
      words.emplace_back();
    } else {
      words.push_back(argument);
    }
  }
  return words;
}

// The options of every command, and which of them was chosen.
class Parser : private Syntax {
 public:
  Parser() : app_("glovebox: an agent's tool calls, each in a sealed box") {
    app_.name("glovebox");
    app_.set_help_flag("-h,--help", "print this");
    app_.require_subcommand(0, 1);
    app_.get_formatter()->column_width(kHelpColumn);
    flag(app_, "--version", "print the version", [this] { chosen_ = VersionOptions{}; });
    exec();
    run_command();
    worker();
    rehearse();
    config();
    doctor();
    selftest();
    audit_.declare(app_, pending_);
    policy_.declare(app_, pending_);
    seccomp();
    plane();
  }

  Result<Options> run(std::span<const std::string> arguments) {
    // A boxed program's words are its own: the library would read `[a,b]` as a list of two.
    if (!arguments.empty() && arguments.front() == "exec")
      if (const auto mark = std::ranges::find(arguments, "--"); mark != arguments.end()) {
        exec_.command.assign(mark + 1, arguments.end());
        arguments = {arguments.begin(), mark};
      }
    std::vector<std::string> words = without_empty_assignments(arguments);
    std::ranges::reverse(words);  // the library takes them from the end
    try {
      app_.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
      return Options(HelpText{help_of_chosen()});
    } catch (const CLI::ExtrasError&) {
      return refused(unexpected());
    } catch (const CLI::Error& error) {
      const std::string problem = error.what();
      if (const auto end = problem.find(" was given a disallowed flag override");
          end != std::string::npos)
        return refused("--" + problem.substr(0, end) + " takes no value");
      return refused(problem);
    }
    if (!problem().empty()) return refused(problem());
    if (chosen_) return std::move(*chosen_);
    if (app_.get_subcommands().empty()) return refused("a command is needed");
    return std::move(pending_);
  }

 private:
  static constexpr std::size_t kHelpColumn = 34;

  // The innermost command that was named, or the one whose options it shares.
  const CLI::App& chosen_command() const {
    const CLI::App* app = &app_;
    while (true) {
      const auto below = app->get_subcommands();
      if (below.empty() || below.front()->get_fallthrough()) return *app;
      app = below.front();
    }
  }
  std::string help_of_chosen() const {
    const CLI::App& app = chosen_command();
    const auto below =
        app.get_subcommands([](const CLI::App* sub) { return sub->get_fallthrough(); });
    // Asked directly: App::help would go on to the subcommand that was named.
    return app.get_formatter()->make_help(
        &app, full_name(app), below.empty() ? CLI::AppFormatMode::Normal : CLI::AppFormatMode::All);
  }
  static std::string full_name(const CLI::App& app) {
    return (app.get_parent() ? full_name(*app.get_parent()) + " " : "") + app.get_name();
  }

  std::string unexpected() const {
    const std::vector<std::string> words = app_.remaining(true);
    const auto option =
        std::ranges::find_if(words, [](const std::string& word) { return word.starts_with('-'); });
    const std::string& command = chosen_command().get_name();
    if (option != words.end())
      return std::format("{} is no option of {}", option->substr(0, option->find('=')), command);
    if (&chosen_command() == &app_ && !words.empty())
      return std::format("{} is no command", words.front());
    if (command == "exec") return std::string(kCommandNeeded);
    return std::format("{}: one argument too many", command);
  }

  Error refused(std::string_view problem) const {
    std::string message(problem);
    if (!message.contains("\nhint: "))
      message += std::format("\nhint: {} --help", full_name(chosen_command()));
    return Error(ErrorKind::invalid, std::move(message));
  }
  void exec() {
    CLI::App& app = *app_.add_subcommand("exec", "run one command or one tool call in a box");
    ExecOptions& options = exec_;
    option(app, "--policy", options.policy, "FILE",
           "a policy file, builtin:default or builtin:strict");
    option(app, "--workdir", options.workdir, "DIR", "the workspace; a fresh one otherwise");
    option(app, "--state", options.state, "DIR", "the state folder; a fresh one otherwise");
    option(app, "--environment", options.environment, "ID", "for the policy's [[bind]]; local");
    option(app, "--agent", options.agent, "ID", "for the policy's [[bind]]; local");
    option(app, "--session", options.session, "ID", "use and keep this session");
    option(app, "--call", options.call, "ID", "the id of the call; it runs at most once");
    CLI::Option* tool =
        option(app, "--tool", options.tool, "NAME", "bash, read, write, edit, glob, grep");
    option(app, "--input", options.input, "FILE",
           "the tool's input, JSON; - for stdin, the default")
        ->needs(tool);
    parsed(app, "--timeout", "TIME", "30s, 5m; never more than the policy allows",
           [&options](const std::string& text) -> Result<void> {
             const Duration span = TRY(parse_time_span(text));
             if (span <= Duration::zero() || span > kLongestCall)
               return Error(ErrorKind::invalid, "more than 0 and at most 24h");
             options.timeout = std::chrono::duration_cast<milliseconds>(span);
             return {};
           });
    flag(app, "--plan", "print the box that would be made, run nothing",
         [&options] { options.show = ExecOptions::Show::plan; });
    json(app, options.form);
    app.footer("The command stands last: glovebox exec [OPTIONS] -- PROGRAM [ARGUMENT...]");
    app.callback([this, &options] {
      if (options.tool.has_value() == !options.command.empty() &&
          !(options.show == ExecOptions::Show::plan && options.tool))
        refuse(options.tool ? "either --tool or a command, not both" : std::string(kCommandNeeded));
      pending_ = options;
    });
  }

  // What `worker` and `run` share; each of it may stand in glovebox.toml.
  void serving(CLI::App& app, WorkerOptions& options) {
    option(app, "--environment-id", options.environment, "ID", "ANTHROPIC_ENVIRONMENT_ID");
    option(app, "--worker-id", options.worker_id, "ID",
           "ANTHROPIC_WORKER_ID; host name and a random id otherwise");
    option(app, "--base-url", options.base_url, "URL",
           "ANTHROPIC_BASE_URL; https://api.anthropic.com");
    option(app, "--policy", options.policy, "FILE",
           "/etc/glovebox/policy.toml; a file or builtin:default");
    option(app, "--state", options.state, "DIR", "the state folder; one process at a time");
    option(app, "--workdir", options.workdir, "DIR",
           "where workspaces are made; below the state folder otherwise");
    word<roles::WorkspaceMode>(
        app, "--workspace", options.workspace,
        {{"session", roles::WorkspaceMode::session}, {"shared", roles::WorkspaceMode::shared}},
        "a folder of its own for each session, or --workdir itself");
    option(app, "--seed", options.seed, "DIR", "what a new workspace begins with; it is copied");
    parsed(app, "--keep", "idle:TIME|forever",
           "idle:7d: how long workspace, shell state and outputs of a session outlast its last use",
           [&options](const std::string& text) -> Result<void> {
             options.keep = TRY(parse_keep(text));
             return {};
           });
    count(app, "--max-calls", options.max_calls, kMostCalls,
          "128: under way at once; sessions that wait get their turn one after another");
    count(app, "--warm", options.warm, kMostSessions,
          "8: sessions at once for which boxes are made before their first call; 0: no box is made "
          "ahead of its call",
          0);
    time(app, "--max-idle", options.max_idle, "60s; 0: never");
    time(app, "--drain", options.drain, "30s: what running calls get at a shutdown");
    time(app, "--stream-silence", options.stream_silence,
         "120s without a byte, then an event stream is opened again");
    word<LogFormat>(app, "--log-format", options.log_format,
                    {{"text", LogFormat::text}, {"json", LogFormat::json}},
                    "of the lines on stderr");
    option(app, "--ca-file", options.ca_file, "FILE", "authorities, PEM; SSL_CERT_FILE");
    option(app, "--api-version", options.api_version, "DATE", "2026-10-21");
    flag(app, "--allow-http", "plain http to a host that is not loopback",
         [&options] { options.plain_http = worker::PlainHttp::allowed; });
  }

  void run_command() {
    CLI::App& app = *app_.add_subcommand("run", "serve as glovebox.toml says");
    option(app, "--config", run_.config, "FILE", kDefaultConfiguration);
    serving(app, run_);
    count(app, "--max-sessions", run_.max_sessions, kMostSessions, "at once; 64");
    app.callback([this] {
      if (!run_.config) run_.config = kDefaultConfiguration;
      pending_ = run_;
    });
  }

  void worker() {
    CLI::App& app = *app_.add_subcommand("worker", "serve a self-hosted environment's queue");
    WorkerOptions& options = worker_;
    app.require_subcommand(0, 1);
    option(app, "--config", options.config, "FILE", "glovebox.toml; flags and variables win");
    option(app, "--environment-key", key_, "KEY", "better: ANTHROPIC_ENVIRONMENT_KEY");
    serving(app, options);
    CLI::Option* sessions =
        count(app, "--max-sessions", options.max_sessions, kMostSessions, "at once; 64");
    CLI::Option* on_work =
        parsed(app, "--on-work", "in-process", "accepted; scripts are not in this version",
               [](const std::string& text) -> Result<void> {
                 if (text.empty() || text == "in-process") return {};
                 return Error(ErrorKind::invalid, "a script is not in this version");
               });

    app.add_subcommand("poll", "serve the queue: what worker alone does")->fallthrough();
    CLI::App& run = *app.add_subcommand("run", "serve one item that another poller claimed");
    run.fallthrough();
    option(run, "--work-id", options.work, "ID", "ANTHROPIC_WORK_ID");
    option(run, "--session-id", options.session, "ID", "ANTHROPIC_SESSION_ID");
    option(run, "--work-secret-file", options.work_secret_file, "FILE",
           "or ANTHROPIC_WORK_SECRET; readable by its owner alone");
    app.callback([this, &run, sessions, on_work] {
      if (run.parsed()) {
        worker_.mode = WorkerOptions::Mode::run;
        for (const CLI::Option* of_poll : {sessions, on_work})
          if (of_poll->count() > 0) refuse(of_poll->get_name() + " is no option of worker run");
      }
      pending_ = worker_;
    });
  }

  void rehearse() {
    CLI::App& app =
        *app_.add_subcommand("rehearse", "play a scripted session from end to end, offline");
    option(app, "--policy", rehearse_.policy, "FILE",
           "/etc/glovebox/policy.toml; a file or builtin:default");
    option(app, "--state", rehearse_.state, "DIR", "the state folder; a fresh one otherwise");
    option(app, "--workdir", rehearse_.workdir, "DIR",
           "the workspace; below the state folder otherwise");
    option(app, "--origin", rehearse_.origin, "HOST:PORT",
           "serve this name to boxes, over TLS on loopback; it knows credential:rehearsal");
    time(app, "--timeout", rehearse_.timeout, "10m");
    option(app, "file", rehearse_.file, "", "the rehearsal, TOML");
    app.callback([this] {
      if (rehearse_.file.empty())
        refuse("rehearse needs one file\nhint: policy/rehearsals/tour.toml");
      pending_ = rehearse_;
    });
  }

  void config() {
    CLI::App& app = *app_.add_subcommand("config", "work with glovebox.toml");
    app.require_subcommand(1);
    CLI::App& check =
        *app.add_subcommand("check", "say whether the file is one that would be used");
    option(check, "--config", config_.config, "FILE", kDefaultConfiguration);
    check.callback([this] { pending_ = config_; });
  }

  void doctor() {
    CLI::App& app = *app_.add_subcommand("doctor", "what this host can give, tried for real");
    option(app, "--config", doctor_.config, "FILE", "glovebox.toml; the default one if it exists");
    option(app, "--policy", doctor_.policy, "FILE",
           "the policy that has to work here; the configuration's, or builtin:default");
    option(app, "--state", doctor_.state, "DIR", "the state folder to look at");
    json(app, doctor_.form);
    app.require_subcommand(0, 1);
    CLI::App& egress = *app.add_subcommand(
        "egress", "try every way out of a box that is known, as run and worker do at their start");
    egress.fallthrough();
    app.callback([this, &egress] {
      if (egress.parsed()) doctor_.what = DoctorOptions::What::egress;
      pending_ = doctor_;
    });
  }

  void selftest() {
    CLI::App& app = *app_.add_subcommand(
        "selftest", "attack the boxes of a policy on this host, and try what must work in them");
    option(app, "--policy", selftest_.policy, "FILE",
           "/etc/glovebox/policy.toml; a file or builtin:default");
    option(app, "--state", selftest_.state, "DIR", "the state folder; a fresh one otherwise");
    option(app, "--environment", selftest_.environment, "NAME", "as whom the policy is asked");
    option(app, "--agent", selftest_.agent, "NAME", "as whom the policy is asked");
    json(app, selftest_.form);
    app.callback([this] { pending_ = selftest_; });
  }

  void seccomp() {
    constexpr const char* kFilter = "bash, file, search, role-…, or a file";
    CLI::App& app = *app_.add_subcommand("seccomp", "work with system call filters");
    app.require_subcommand(1);
    CLI::App& check = *app.add_subcommand("check", "whether files are filters, and proved");
    option(check, "files", check_.files, "", "filters for tools")->required();
    format(check, check_.format);
    check.callback([this] { pending_ = check_; });
    CLI::App& show = *app.add_subcommand("show", "print a filter: its rules and its program");
    option(show, "name", seccomp_.name, "", kFilter)->required();
    arch(show, seccomp_.arch);
    show.callback([this] { pending_ = seccomp_; });
    CLI::App& compile = *app.add_subcommand("compile", "write the proved program of a filter");
    option(compile, "name", compile_.name, "", kFilter)->required();
    option(compile, "-o,--output", compile_.output, "OUT", "the file to write")->required();
    arch(compile, compile_.arch);
    compile.callback([this] { pending_ = compile_; });
    CLI::App& explain = *app.add_subcommand("explain", "what a filter answers to a call, and why");
    option(explain, "call", explain_.call, "", "SYSCALL or 'SYSCALL(arg0=VALUE, ...)'")->required();
    option(explain, "--filter", explain_.filter, "NAME|FILE", kFilter)->required();
    arch(explain, explain_.arch);
    format(explain, explain_.format);
    explain.callback([this] { pending_ = explain_; });
    CLI::App& import = *app.add_subcommand("import-oci", "a draft of a filter from an OCI profile");
    option(import, "file", import_.file, "", "JSON, as container engines take it")->required();
    import.callback([this] { pending_ = import_; });
  }
  void format(CLI::App& app, SeccompFormat& into) {
    parsed(app, "--format", "text|json", "for people, or one JSON object",
           [&into](const std::string& text) -> Result<void> {
             if (text != "text" && text != "json") return Error(ErrorKind::invalid, "text|json");
             into = text == "json" ? SeccompFormat::json : SeccompFormat::text;
             return {};
           });
  }
  void arch(CLI::App& app, seccomp::Arch& into) {
    parsed(app, "--arch", "x86_64|aarch64", "whose program is meant; this host's",
           [&into](const std::string& text) -> Result<void> {
             const auto known = seccomp::parse_arch(text);
             if (!known) return Error(ErrorKind::invalid, "x86_64|aarch64");
             into = *known;
             return {};
           });
  }

  void plane() {
    CLI::App& app =
        *app_.add_subcommand("plane", "a local control plane, for rehearsals and tests");
    option(app, "--listen", plane_.listen, "ADDRESS:PORT", "loopback only; port 0: a free one");
    option(app, "--rehearsals", plane_.rehearsals, "DIR", "a folder of rehearsals, NAME.toml");
    option(app, "--faults", plane_.faults, "FILE", "faults to make, JSON");
    count(app, "--ttl", plane_.ttl, kMostSeconds, "seconds a lease lives without a heartbeat; 90");
    count(app, "--page", plane_.page, kMostItems, "the largest page of a list; 1000");
    app.callback([this] { pending_ = plane_; });
  }

  CLI::App app_;
  ExecOptions exec_;
  WorkerOptions worker_, run_;
  std::string key_;  // what scrub left of it
  RehearseOptions rehearse_;
  DoctorOptions doctor_;
  ConfigCheckOptions config_;
  SelftestOptions selftest_;
  AuditCommands audit_{*this};
  PolicyCommands policy_{*this};
  SeccompShowOptions seccomp_;
  SeccompCheckOptions check_;
  SeccompCompileOptions compile_;
  SeccompExplainOptions explain_;
  SeccompImportOptions import_;
  PlaneOptions plane_;
  Options pending_;
  std::optional<Options> chosen_;
};

}  // namespace

CLI::App& Syntax::command(CLI::App& above, const char* name, const char* meaning) {
  return *above.add_subcommand(name, meaning);
}
void Syntax::needs_command(CLI::App& app) {
  app.require_subcommand(1);
}
void Syntax::chosen(CLI::App& app, std::function<void()> use) {
  app.callback(std::move(use));
}

CLI::Option* Syntax::option(CLI::App& app, const char* name, std::string& into, const char* value,
                            const char* meaning) {
  return app.add_option(name, into, meaning)->type_name(value);
}
CLI::Option* Syntax::option(CLI::App& app, const char* name, std::optional<std::string>& into,
                            const char* value, const char* meaning) {
  return app.add_option(name, into, meaning)->type_name(value);
}
CLI::Option* Syntax::option(CLI::App& app, const char* name, std::vector<std::string>& into,
                            const char* value, const char* meaning) {
  return app.add_option(name, into, meaning)->type_name(value);
}
void Syntax::required(CLI::Option* option) {
  option->required();
}
void Syntax::needs(CLI::Option* option, const char* other) {
  option->needs(other);
}
bool Syntax::is_given(const CLI::App& app, const char* name) {
  return app.get_option(name)->count() > 0;
}

CLI::Option* Syntax::flag(CLI::App& app, const char* name, const char* meaning,
                          std::function<void()> use) {
  return app.add_flag_callback(name, std::move(use), meaning)->disable_flag_override();
}
void Syntax::json(CLI::App& app, OutputForm& form) {
  flag(app, "--json", "machine output: one JSON object on a line of its own",
       [&form] { form = OutputForm::json; });
}
CLI::Option* Syntax::parsed(CLI::App& app, const char* name, const char* value, const char* meaning,
                            Read read) {
  return app
      .add_option_function<std::string>(
          name,
          [this, name, read = std::move(read)](const std::string& text) {
            if (Result<void> done = read(text); !done)
              refuse(std::format("{}: {}", name, done.error().message()));
          },
          meaning)
      ->type_name(value);
}

Result<Options> parse_command_line(std::span<const std::string> arguments) {
  return Parser().run(arguments);
}

}  // namespace glovebox::cli
