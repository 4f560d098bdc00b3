#include "cli/parse.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using namespace glovebox;
using namespace glovebox::cli;

namespace {

using Words = std::vector<std::string>;

template <class T>
T accepted(const Words& words) {
  auto options = parse_command_line(words);
  INFO((options ? "" : options.error().message()));
  REQUIRE(options);
  REQUIRE(std::holds_alternative<T>(*options));
  return std::get<T>(std::move(*options));
}

std::string refusal(const Words& words) {
  const auto options = parse_command_line(words);
  return options ? std::string() : options.error().message();
}

std::string help(const Words& words) {
  return accepted<HelpText>(words).text;
}

}  // namespace

TEST_CASE("a command line that is not understood is refused, naming what is wrong") {
  struct Row {
    Words words;
    std::string_view says;
  };
  const Row rows[] = {
      {{}, "a command is needed"},
      {{"frobnicate"}, "frobnicate is no command"},
      {{""}, "is no command"},
      {{"--frobnicate"}, "--frobnicate is no option of glovebox"},
      {{"exec"}, "exec needs a command after --, or --tool"},
      {{"exec", "--tool", "bash", "--", "true"}, "either --tool or a command, not both"},
      {{"exec", "--plan"}, "exec needs a command"},
      {{"exec", "--"}, "exec needs a command"},
      {{"exec", "true"}, "exec needs a command after --"},
      {{"exec", "true", "--", "x"}, "exec needs a command after --"},
      {{"exec", "--input", "x", "--", "true"}, "--input"},
      {{"exec", "--policy"}, "--policy"},
      {{"exec", "--policy", "a", "--policy", "b", "--", "true"}, "--policy"},
      {{"exec", "--json=false", "--", "true"}, "--json takes no value"},
      {{"exec", "--timeout", "0", "--", "true"}, "--timeout: more than 0"},
      {{"exec", "--timeout", "25h", "--", "true"}, "--timeout: more than 0"},
      {{"exec", "--timeout", "soon", "--", "true"}, "--timeout: a duration"},
      {{"exec", "--timeout=", "--", "true"}, "--timeout: a duration"},
      {{"exec", "--no-such", "--", "true"}, "--no-such is no option of exec"},
      {{"doctor", "x"}, "doctor: one argument too many"},
      {{"doctor", "egress", "x"}, "doctor: one argument too many"},
      {{"selftest", "x"}, "selftest: one argument too many"},
      {{"audit"}, "subcommand"},
      {{"audit", "verify"}, "directory"},
      {{"audit", "verify", "a", "b"}, "verify: one argument too many"},
      {{"audit", "burn", "a"}, "audit"},
      {{"audit", "prove"}, "record"},
      {{"audit", "prove", ""}, "record: an index, or the id of a tool call"},
      {{"audit", "prove", "99999999999999999999"}, "record: a number from 0"},
      {{"audit", "prove", "1", "dir", "x"}, "prove: one argument too many"},
      {{"audit", "prove", "tu", "--kind", "tool"}, "--kind: a kind of records"},
      {{"audit", "prove", "12", "--kind", "tool.result"}, "--kind: an index is one record"},
      {{"audit", "check-proof"}, "file"},
      {{"audit", "check-proof", "f"}, "trust"},
      {{"audit", "check-proof", "--trust", "k"}, "file"},
      {{"audit", "check-proof", "a", "b", "--trust", "k"}, "check-proof: one argument too many"},
      {{"audit", "export", "--format", "csv"}, "--format: jsonl|ocsf|cef|syslog"},
      {{"audit", "export", "--from", "-1"}, "--from: a number from 0"},
      {{"audit", "export", "--from", "x"}, "--from: a number from 0"},
      {{"audit", "export", "--pack", "f"}, "--pack: of one session"},
      {{"audit", "export", "--pack", "f", "--session", "s", "--from", "1"}, "--pack: a pack is of"},
      {{"audit", "export", "--pack", "f", "--session", "s", "--format", "cef"},
       "--pack: a pack is"},
      {{"audit", "export", "a", "b"}, "export: one argument too many"},
      {{"policy", "rollback"}, "digest"},
      {{"policy", "revoke"}, "digest"},
      {{"policy", "load", "a", "b"}, "one argument too many"},
      {{"policy", "status", "--revoked"}, "--revoked is no option of status"},
      {{"policy", "revoke", "d", "--revoked"}, "--revoked is no option of revoke"},
      {{"policy", "show"}, "name"},
      {{"policy", "why"}, "a request is needed, or --record"},
      {{"policy", "suggest", "--since", "yesterday"}, "--since: the index of a record, or a time"},
      {{"policy", "suggest", "--since", ""}, "--since"},
      {{"policy", "suggest", "--since", "99999999999999999999"}, "--since: a number from 0"},
      {{"policy", "suggest", "--since", "2026-13-01T00:00:00Z"}, "--since: the index"},
      {{"policy", "suggest", "dir"}, "one argument too many"},
      {{"policy", "why", "--record", "x"}, "--record: a number from 0"},
      {{"policy", "why", "--record", "-1"}, "--record: a number from 0"},
      {{"policy", "why", "--log", "d", "tool", "bash"}, "--record"},
      {{"policy", "why", "--record", "1", "tool", "bash"}, "request: the record says it"},
      {{"policy", "why", "--record", "1", "--policy", "p"}, "--policy: the record says it"},
      {{"policy", "why", "--record", "1", "--agent", "a"}, "--agent: the record says it"},
      {{"seccomp", "show"}, "name"},
      {{"seccomp", "show", "bash", "--arch", "riscv64"}, "--arch: x86_64|aarch64"},
      {{"seccomp", "check"}, "files"},
      {{"seccomp", "check", "--format", "xml", "a"}, "--format: text|json"},
      {{"seccomp", "compile", "bash"}, "output"},
      {{"seccomp", "compile", "-o", "out"}, "name"},
      {{"seccomp", "explain", "read"}, "filter"},
      {{"seccomp", "explain", "read", "--filter", "bash", "--format", "xml"},
       "--format: text|json"},
      {{"seccomp", "explain", "--filter", "bash"}, "call"},
      {{"seccomp", "import-oci"}, "file"},
      {{"seccomp", "import-oci", "a", "b"}, "import-oci: one argument too many"},
      {{"plane", "--ttl", "0"}, "--ttl: a number from 1 to 3600"},
      {{"plane", "--ttl", "0x10"}, "--ttl: a number from 1 to 3600"},
      {{"plane", "--page", "1001"}, "--page: a number from 1 to 1000"},
      {{"plane", "--page", "-1"}, "--page: a number from 1 to 1000"},
      {{"plane", "x"}, "plane: one argument too many"},
      {{"rehearse"}, "rehearse needs one file\nhint: policy/rehearsals/tour.toml"},
      {{"rehearse", ""}, "rehearse needs one file"},
      {{"rehearse", "a", "b"}, "rehearse: one argument too many"},
      {{"rehearse", "a", "--timeout", "x"}, "--timeout: a duration"},
      {{"rehearse", "a", "--json"}, "--json is no option of rehearse"},
      {{"worker", "x"}, "worker: one argument too many"},
      {{"worker", "poll", "run"}, "worker"},
      {{"worker", "--on-work", "x.sh"}, "--on-work: a script is not in this version"},
      {{"worker", "--no-such-flag"}, "--no-such-flag is no option of worker"},
      {{"worker", "run", "--no-such-flag=1"}, "--no-such-flag is no option of worker"},
      {{"worker", "--max-sessions", "0"}, "--max-sessions: a number from 1 to 1024"},
      {{"worker", "--max-sessions", "1025"}, "--max-sessions: a number from 1 to 1024"},
      {{"worker", "--max-idle", "soon"}, "--max-idle: a duration"},
      {{"worker", "--drain", "-1s"}, "--drain: a duration"},
      {{"worker", "--stream-silence", "721h"}, "--stream-silence: a duration is at most 720h"},
      {{"worker", "--workspace", "none"}, "--workspace: session|shared"},
      {{"worker", "--log-format", "xml"}, "--log-format: text|json"},
      {{"worker", "--allow-http=no"}, "--allow-http takes no value"},
      {{"worker", "--environment-key"}, "--environment-key"},
      {{"worker", "--work-id", "w"}, "--work-id is no option of worker"},
      {{"worker", "poll", "--session-id", "s"}, "--session-id is no option of worker"},
      {{"worker", "run", "--max-sessions", "2"}, "--max-sessions is no option of worker run"},
      {{"worker", "run", "--on-work", ""}, "--on-work is no option of worker run"},
  };
  for (const Row& row : rows) {
    std::string line;
    for (const std::string& word : row.words) line += " " + word;
    INFO(line);
    const std::string message = refusal(row.words);
    INFO(message);
    CHECK(message.contains(row.says));
    CHECK(message.contains("\nhint: "));
  }
}

TEST_CASE("a message never repeats what may be a key") {
  const Words rows[] = {
      {"worker", "--environment-kee", "sk-secret"},
      {"worker", "--environment-kee=sk-secret"},
      {"worker", "run", "--environment-kee", "sk-secret"},
      {"worker", "--environment-key", "a", "sk-secret"},
      {"worker", "--environment-key", "sk-secret", "--environment-key", "sk-secret"},
      {"worker", "sk-secret"},
      {"exec", "--key=sk-secret", "--", "true"},
  };
  for (const Words& words : rows) {
    const std::string message = refusal(words);
    INFO(message);
    CHECK_FALSE(message.empty());
    CHECK_FALSE(message.contains("sk-secret"));
  }
}

TEST_CASE("the hint names the help of the command that was meant") {
  CHECK(refusal({}).ends_with("\nhint: glovebox --help"));
  CHECK(refusal({"exec", "-x"}).ends_with("\nhint: glovebox exec --help"));
  CHECK(refusal({"audit", "show"}).ends_with("\nhint: glovebox audit show --help"));
  CHECK(refusal({"worker", "run", "-x"}).ends_with("\nhint: glovebox worker --help"));
}

TEST_CASE("help lists every flag of its command") {
  struct Row {
    Words command;
    std::vector<std::string_view> flags;
  };
  const std::vector<std::string_view> worker = {"--environment-id",
                                                "--environment-key",
                                                "--worker-id",
                                                "--base-url",
                                                "--policy",
                                                "--state",
                                                "--workdir",
                                                "--workspace",
                                                "session|shared",
                                                "--max-sessions",
                                                "--max-idle",
                                                "--drain",
                                                "--stream-silence",
                                                "--log-format",
                                                "text|json",
                                                "--ca-file",
                                                "--api-version",
                                                "--allow-http",
                                                "--on-work",
                                                "poll",
                                                "run",
                                                "--work-id",
                                                "--session-id",
                                                "--work-secret-file"};
  const Row rows[] = {
      {{},
       {"exec", "worker", "rehearse", "doctor", "selftest", "audit", "policy", "seccomp", "plane",
        "--version"}},
      {{"exec"},
       {"--policy", "--workdir", "--state", "--environment", "--agent", "--session", "--call",
        "--tool", "--input", "--timeout", "--plan", "--json", "-- PROGRAM"}},
      {{"worker"}, worker},
      {{"worker", "poll"}, worker},
      {{"worker", "run"}, worker},
      {{"rehearse"}, {"--policy", "--state", "--workdir", "--origin", "--timeout", "file"}},
      {{"plane"}, {"--listen", "--rehearsals", "--faults", "--ttl", "--page"}},
      {{"doctor"}, {"--policy", "--state", "--json", "egress"}},
      {{"selftest"}, {"--policy", "--state", "--environment", "--agent", "--json"}},
      {{"audit"}, {"verify", "show", "prove", "check-proof", "export"}},
      {{"audit", "prove"}, {"record", "directory", "--kind", "--output"}},
      {{"audit", "check-proof"}, {"file", "--trust", "--json"}},
      {{"audit", "export"}, {"directory", "--format", "--session", "--from", "--pack"}},
      {{"audit", "verify"}, {"directory", "--key"}},
      {{"audit", "show"}, {"directory", "--json"}},
      {{"policy"},
       {"show", "load", "status", "rollback", "revoke", "check", "schema", "diff", "why", "suggest",
        "test", "explain"}},
      {{"policy", "why"}, {"--policy", "--tool", "request", "--record", "--log", "--json"}},
      {{"policy", "suggest"}, {"--log", "--since", "--profile", "--json"}},
  };
  for (const Row& row : rows)
    for (const char* ask : {"--help", "-h"}) {
      Words words = row.command;
      words.emplace_back(ask);
      const std::string text = help(words);
      INFO(text);
      for (const std::string_view flag : row.flags) {
        INFO(flag);
        CHECK(text.contains(flag));
      }
      std::string usage = "Usage: glovebox";
      for (const std::string& word : row.command)
        if (word != "poll" && word != "run") usage += " " + word;
      CHECK(text.contains(usage));
    }
}

TEST_CASE("help is given whatever else the line lacks") {
  CHECK(help({"rehearse", "--help"}).contains("--timeout"));
  CHECK(help({"audit", "--help"}).contains("verify"));
  CHECK(help({"worker", "--environment-id", "e", "--help"}).contains("--drain"));
}

TEST_CASE("evidence is asked for by index or by call") {
  CHECK(std::get<std::uint64_t>(accepted<AuditProveOptions>({"audit", "prove", "12"}).record) ==
        12);
  const auto call = accepted<AuditProveOptions>(
      {"audit", "prove", "toolu_1", "dir", "--kind", "tool.result", "-o", "f"});
  CHECK(std::get<std::string>(call.record) == "toolu_1");
  CHECK(call.kind == audit::RecordKind::tool_result);
  CHECK(call.directory == "dir");
  CHECK(call.output == "f");
  const auto check =
      accepted<AuditCheckProofOptions>({"audit", "check-proof", "f", "--trust", "k", "--json"});
  CHECK(check.file == "f");
  CHECK(check.trust == "k");
  CHECK(check.form == OutputForm::json);
  const auto plain = accepted<AuditExportOptions>({"audit", "export"});
  CHECK_FALSE(plain.format);
  CHECK(plain.from == 0);
  const auto part = accepted<AuditExportOptions>(
      {"audit", "export", "--format", "cef", "--from", "600", "--session", "s", "dir"});
  CHECK(part.format == audit::ExportFormat::cef);
  CHECK(part.from == 600);
  CHECK(part.session == "s");
  CHECK(part.directory == "dir");
  CHECK(accepted<AuditExportOptions>({"audit", "export", "--session", "s", "--pack", "f"}).pack ==
        "f");
}

TEST_CASE("the version") {
  accepted<VersionOptions>({"--version"});
}

TEST_CASE("what the doctor looks at") {
  using What = DoctorOptions::What;
  CHECK(accepted<DoctorOptions>({"doctor"}).what == What::host);
  const auto egress = accepted<DoctorOptions>({"doctor", "egress", "--policy", "p", "--json"});
  CHECK(egress.what == What::egress);
  CHECK(egress.policy == "p");
  CHECK(egress.form == OutputForm::json);
  CHECK(accepted<DoctorOptions>({"doctor", "--json", "egress"}).form == OutputForm::json);
}

TEST_CASE("the worker's flags") {
  const WorkerOptions none = accepted<WorkerOptions>({"worker"});
  CHECK(none.mode == WorkerOptions::Mode::poll);
  CHECK_FALSE(none.environment);
  CHECK_FALSE(none.config);
  CHECK_FALSE(none.policy);
  CHECK_FALSE(none.max_sessions);
  CHECK_FALSE(none.max_idle);
  CHECK_FALSE(none.plain_http);
  CHECK(accepted<WorkerOptions>({"worker", "poll"}).mode == WorkerOptions::Mode::poll);

  const WorkerOptions all = accepted<WorkerOptions>({"worker",
                                                     "poll",
                                                     "--environment-id=env",
                                                     "--environment-key",
                                                     "xxx",
                                                     "--worker-id",
                                                     "w",
                                                     "--base-url",
                                                     "http://h",
                                                     "--policy",
                                                     "p",
                                                     "--state",
                                                     "s",
                                                     "--workdir=d",
                                                     "--workspace",
                                                     "shared",
                                                     "--max-sessions",
                                                     "1024",
                                                     "--max-idle",
                                                     "0",
                                                     "--drain",
                                                     "1m30s",
                                                     "--stream-silence",
                                                     "7",
                                                     "--log-format",
                                                     "json",
                                                     "--ca-file",
                                                     "c",
                                                     "--api-version",
                                                     "v",
                                                     "--allow-http",
                                                     "--on-work",
                                                     "in-process"});
  CHECK(all.environment == "env");
  CHECK(all.worker_id == "w");
  CHECK(all.base_url == "http://h");
  CHECK(all.policy == "p");
  CHECK(all.state == "s");
  CHECK(all.workdir == "d");
  CHECK(all.workspace == roles::WorkspaceMode::shared);
  CHECK(all.max_sessions == 1024);
  CHECK(all.max_idle == Duration::zero());
  CHECK(all.drain == seconds(90));
  CHECK(all.stream_silence == seconds(7));
  CHECK(all.log_format == LogFormat::json);
  CHECK(all.ca_file == "c");
  CHECK(all.api_version == "v");
  CHECK(all.plain_http == worker::PlainHttp::allowed);
  CHECK_FALSE(accepted<WorkerOptions>({"worker", "--on-work", ""}).max_sessions);
  CHECK(accepted<WorkerOptions>({"worker", "--on-work=", "--drain", "1s"}).drain == seconds(1));
}

TEST_CASE("config check judges the default file unless another is named") {
  CHECK(accepted<ConfigCheckOptions>({"config", "check"}).config == "/etc/glovebox/glovebox.toml");
  CHECK(accepted<ConfigCheckOptions>({"config", "check", "--config", "f"}).config == "f");
  CHECK(refusal({"config"}).contains("subcommand"));
}

TEST_CASE("run is the worker of a file, the default one unless another is named") {
  CHECK(accepted<WorkerOptions>({"run"}).config == "/etc/glovebox/glovebox.toml");
  const WorkerOptions named = accepted<WorkerOptions>(
      {"run", "--config", "f.toml", "--max-sessions", "3", "--environment-id", "e"});
  CHECK(named.mode == WorkerOptions::Mode::poll);
  CHECK(named.config == "f.toml");
  CHECK(named.max_sessions == 3);
  CHECK(named.environment == "e");
  CHECK(accepted<WorkerOptions>({"worker", "--config=f.toml"}).config == "f.toml");
}

TEST_CASE("worker run takes the item and the worker's flags on either side") {
  const WorkerOptions run =
      accepted<WorkerOptions>({"worker", "run", "--work-id", "w", "--session-id", "s",
                               "--work-secret-file", "f", "--drain", "1s"});
  CHECK(run.mode == WorkerOptions::Mode::run);
  CHECK(run.work == "w");
  CHECK(run.session == "s");
  CHECK(run.work_secret_file == "f");
  CHECK(run.drain == seconds(1));
}

TEST_CASE("a rehearsal's flags stand on either side of its file") {
  for (const Words& words : {Words{"rehearse", "f.toml", "--policy", "p", "--timeout", "90s"},
                             Words{"rehearse", "--policy=p", "--timeout=90s", "f.toml"}}) {
    const RehearseOptions options = accepted<RehearseOptions>(words);
    CHECK(options.file == "f.toml");
    CHECK(options.policy == "p");
    CHECK(options.timeout == seconds(90));
    CHECK_FALSE(options.state);
  }
}

TEST_CASE("what follows -- is the program's, word for word") {
  const Words rows[] = {
      {"true"},
      {"sh", "-c", "exit 1"},
      {"prog", "--policy", "x", "--help", "-h", "--version"},
      {"prog", "--", "--tool"},
      {"echo", "[a,b]"},
      {"echo", "[]", "{}", "++", "", "a=b", "--x=", "--environment-key", "k"},
      {"worker", "run"},
  };
  for (const Words& command : rows) {
    Words words = {"exec", "--policy", "p", "--"};
    words.insert(words.end(), command.begin(), command.end());
    INFO(command.size() << " " << command.back());
    const ExecOptions options = accepted<ExecOptions>(words);
    CHECK(options.command == command);
    CHECK(options.policy == "p");
  }
}

TEST_CASE("exec's flags") {
  const ExecOptions tool = accepted<ExecOptions>(
      {"exec",  "--policy",      "p", "--tool",  "read", "--input",   "in.json", "--timeout",
       "250ms", "--environment", "e", "--agent", "a",    "--session", "s",       "--call",
       "c",     "--workdir",     "w", "--state", "d",    "--json"});
  CHECK(tool.tool == "read");
  CHECK(tool.input == "in.json");
  CHECK(tool.timeout == milliseconds(250));
  CHECK(tool.environment == "e");
  CHECK(tool.agent == "a");
  CHECK(tool.session == "s");
  CHECK(tool.call == "c");
  CHECK(tool.workdir == "w");
  CHECK(tool.state == "d");
  CHECK(tool.form == OutputForm::json);
  CHECK(tool.command.empty());
  CHECK(accepted<ExecOptions>({"exec", "--plan", "--tool", "bash"}).show ==
        ExecOptions::Show::plan);
}

TEST_CASE("the plane's flags") {
  const PlaneOptions none = accepted<PlaneOptions>({"plane"});
  CHECK(none.listen == "127.0.0.1:0");
  CHECK(none.ttl == seconds(90));
  CHECK(none.page == 1000);
  const PlaneOptions all =
      accepted<PlaneOptions>({"plane", "--listen", "[::1]:80", "--rehearsals", "r", "--faults", "f",
                              "--ttl", "3600", "--page", "010"});
  CHECK(all.listen == "[::1]:80");
  CHECK(all.rehearsals == "r");
  CHECK(all.faults == "f");
  CHECK(all.ttl == seconds(3600));
  CHECK(all.page == 10);
}

TEST_CASE("why a request or a record is decided as it is") {
  const auto request = accepted<PolicyWhyOptions>({"policy", "why", "read", "/etc/a b"});
  CHECK(request.request == Words{"read", "/etc/a b"});
  CHECK_FALSE(request.record);
  const auto record =
      accepted<PolicyWhyOptions>({"policy", "why", "--record", "0", "--log", "d", "--json"});
  CHECK(record.record == 0);
  CHECK(record.log == "d");
  CHECK(record.form == OutputForm::json);
  CHECK_FALSE(accepted<PolicyWhyOptions>({"policy", "why", "--record", "12"}).log);
}

TEST_CASE("what rules are suggested from") {
  const auto none = accepted<PolicySuggestOptions>({"policy", "suggest"});
  CHECK_FALSE(none.log);
  CHECK_FALSE(none.profile);
  CHECK(none.since == std::variant<std::uint64_t, WallTime>(std::uint64_t{0}));
  const auto all = accepted<PolicySuggestOptions>(
      {"policy", "suggest", "--log", "d", "--since", "12", "--profile", "p", "--json"});
  CHECK(all.log == "d");
  CHECK(std::get<std::uint64_t>(all.since) == 12);
  CHECK(all.profile == "p");
  CHECK(all.form == OutputForm::json);
  const auto time =
      accepted<PolicySuggestOptions>({"policy", "suggest", "--since", "1970-01-01T01:00:01+01:00"});
  CHECK(std::get<WallTime>(time.since) == WallTime{1'000'000});
}

TEST_CASE("what is asked of a glovebox that runs") {
  const auto load = accepted<PolicyControlOptions>({"policy", "load"});
  CHECK(load.act == ipc::ControlAct::load);
  CHECK(load.subject.empty());
  CHECK_FALSE(load.state);
  CHECK_FALSE(load.also_revoked);
  const auto file = accepted<PolicyControlOptions>(
      {"policy", "load", "p.toml", "--state", "d", "--revoked", "--json"});
  CHECK(file.subject == "p.toml");
  CHECK(file.state == "d");
  CHECK(file.also_revoked);
  CHECK(file.form == OutputForm::json);
  CHECK(accepted<PolicyControlOptions>({"policy", "status"}).act == ipc::ControlAct::status);
  const auto back = accepted<PolicyControlOptions>({"policy", "rollback", "abc"});
  CHECK(back.act == ipc::ControlAct::rollback);
  CHECK(back.subject == "abc");
  CHECK(accepted<PolicyControlOptions>({"policy", "revoke", "abc"}).act == ipc::ControlAct::revoke);
}
