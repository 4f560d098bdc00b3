#include "cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <format>
#include <system_error>
#include <utility>

namespace glovebox::cli {

namespace {

constexpr milliseconds kLongest = std::chrono::hours(24);

void add_json(CLI::App& app, OutputForm& form) {
  app.add_flag_callback(
      "--json", [&form] { form = OutputForm::json; },
      "machine output: one JSON object on a line of its own");
}

// The options of every command, and which of them was chosen.
class Parser {
 public:
  Parser() : app_("glovebox: an agent's tool calls, each in a sealed box") {
    app_.name("glovebox");
    app_.set_help_flag("-h,--help", "print this");
    app_.require_subcommand(0, 1);
    app_.add_flag_callback(
        "--version", [this] { chosen_ = VersionOptions{}; }, "print the version");
    exec();
    doctor();
    audit();
    policy();
    seccomp();
    plane();
  }

  Result<Options> run(std::span<const std::string> arguments) {
    // The library takes them from the end.
    std::vector<std::string> words(arguments.rbegin(), arguments.rend());
    try {
      app_.parse(std::move(words));
    } catch (const CLI::CallForHelp&) {
      return Options(HelpText{help_of(app_)});
    } catch (const CLI::Error& error) {
      return Error(ErrorKind::invalid, std::string(error.what()));
    }
    if (!bad_.empty()) return Error(ErrorKind::invalid, bad_);
    if (chosen_) return std::move(*chosen_);
    if (app_.get_subcommands().empty()) return Error(ErrorKind::invalid, "a command is needed");
    return std::move(pending_);
  }

 private:
  static std::string help_of(const CLI::App& app) {
    const auto below = app.get_subcommands();
    return below.empty() ? app.help() : help_of(*below.front());
  }

  void duration(CLI::App& app, const char* name, std::optional<milliseconds>& into,
                const char* meaning) {
    app.add_option_function<std::string>(
        name,
        [this, &into](const std::string& text) {
          auto value = parse_duration(text);
          if (value)
            into = *value;
          else
            bad_ = value.error().message();
        },
        meaning);
  }

  void exec() {
    CLI::App& app = *app_.add_subcommand("exec", "run one command or one tool call in a box");
    ExecOptions& options = exec_;
    app.add_option("--policy", options.policy, "a policy file, builtin:default or builtin:strict");
    app.add_option("--workdir", options.workdir, "the workspace; a fresh one otherwise");
    app.add_option("--state", options.state, "the state folder; a fresh one otherwise");
    app.add_option("--environment", options.environment, "for the policy's [[bind]]");
    app.add_option("--agent", options.agent, "for the policy's [[bind]]");
    app.add_option("--session", options.session, "use and keep this session");
    app.add_option("--call", options.call, "the id of the call; it runs at most once");
    CLI::Option* tool =
        app.add_option("--tool", options.tool, "bash, read, write, edit, glob, grep");
    app.add_option("--input", options.input, "the tool's input, JSON: a file, or - for stdin")
        ->needs(tool);
    duration(app, "--timeout", options.timeout, "30s, 5m; never more than the policy allows");
    app.add_flag_callback(
        "--plan", [&options] { options.show = ExecOptions::Show::plan; },
        "print the box that would be made, run nothing");
    add_json(app, options.form);
    app.add_option("command", options.command, "after --: the program and its arguments");
    app.positionals_at_end();
    app.callback([this, &options] {
      if (options.tool.has_value() == !options.command.empty() &&
          !(options.show == ExecOptions::Show::plan && options.tool))
        bad_ = options.tool ? "either --tool or a command, not both"
                            : "exec needs a command after --, or --tool";
      pending_ = options;
    });
  }

  void doctor() {
    CLI::App& app = *app_.add_subcommand("doctor", "what this host can give, tried for real");
    app.add_option("--policy", doctor_.policy, "the policy that has to work here");
    app.add_option("--state", doctor_.state, "the state folder to look at");
    add_json(app, doctor_.form);
    app.callback([this] { pending_ = doctor_; });
  }

  void audit() {
    CLI::App& app = *app_.add_subcommand("audit", "read the audit log");
    app.require_subcommand(1);
    CLI::App& verify = *app.add_subcommand("verify", "check every record, the chain and the head");
    verify.add_option("directory", verify_.directory, "the folder of the log")->required();
    verify.add_option("--key", verify_.key, "the public key, or a file that holds it");
    verify.callback([this] { pending_ = verify_; });
    CLI::App& show = *app.add_subcommand("show", "print the records");
    show.add_option("directory", show_.directory, "the folder of the log")->required();
    add_json(show, show_.form);
    show.callback([this] { pending_ = show_; });
  }

  void policy() {
    CLI::App& app = *app_.add_subcommand("policy", "work with policies");
    app.require_subcommand(1);
    CLI::App& show = *app.add_subcommand("show", "print a shipped policy");
    show.add_option("name", policy_.name, "builtin:default, builtin:strict")->required();
    show.callback([this] { pending_ = policy_; });
  }

  void seccomp() {
    CLI::App& app = *app_.add_subcommand("seccomp", "work with system call filters");
    app.require_subcommand(1);
    CLI::App& show = *app.add_subcommand("show", "print a filter: its rules and its program");
    show.add_option("name", seccomp_.name, "bash, file, search, role-…, or a file")->required();
    show.callback([this] { pending_ = seccomp_; });
  }

  void plane() {
    CLI::App& app =
        *app_.add_subcommand("plane", "a local control plane, for rehearsals and tests");
    app.add_option("--listen", plane_.listen, "ADDRESS:PORT on loopback; port 0: a free one");
    app.add_option("--rehearsals", plane_.rehearsals, "a folder of rehearsals, NAME.toml");
    app.add_option("--faults", plane_.faults, "a JSON file of faults to make");
    app.add_option_function<std::int64_t>(
           "--ttl", [this](const std::int64_t& value) { plane_.ttl = seconds(value); },
           "seconds that a lease lives without a heartbeat (90)")
        ->check(CLI::Range(1, 3600));
    app.add_option("--page", plane_.page, "the largest page of a list (1000)")
        ->check(CLI::Range(1, 1000));
    app.callback([this] { pending_ = plane_; });
  }

  CLI::App app_;
  ExecOptions exec_;
  DoctorOptions doctor_;
  AuditVerifyOptions verify_;
  AuditShowOptions show_;
  PolicyShowOptions policy_;
  SeccompShowOptions seccomp_;
  PlaneOptions plane_;
  std::string bad_;
  Options pending_;
  std::optional<Options> chosen_;
};

}  // namespace

Result<Options> parse_command_line(std::span<const std::string> arguments) {
  return Parser().run(arguments);
}

Result<milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"", 1000}};
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(parsed.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
  const auto unit = std::ranges::find(kUnits, rest, &Unit::name);
  if (parsed.ec != std::errc{} || unit == std::end(kUnits) || number <= 0 ||
      number > kLongest.count() / unit->milliseconds)
    return Error(ErrorKind::invalid,
                 std::format("`{}` is not a time like 250ms, 30s, 5m or 2h, at most a day", text));
  return milliseconds(number * unit->milliseconds);
}

}  // namespace glovebox::cli
