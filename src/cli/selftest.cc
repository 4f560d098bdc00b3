#include "cli/selftest.h"

#include <array>
#include <format>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cli/message.h"
#include "cli/process_secrets.h"
#include "cli/selftest_guest.h"
#include "cli/selftest_report.h"
#include "cli/selftest_witness.h"
#include "cli/single_call.h"
#include "codec/json.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/process.h"
#include "plane/rehearsal_run.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using End = SelftestRow::End;

constexpr int kStandardError = 2;
constexpr std::uint64_t kMaxProgram = 1u << 30;
constexpr std::size_t kMaxAnswer = 1u << 20;
constexpr const char* kVariable = "GLOVEBOX_SELFTEST_CANARY";
constexpr const char* kLink = ".selftest-link";
constexpr std::size_t kShownText = 200;
constexpr const char* kDenied = "denied";
constexpr const char* kNotMade = "setup_failed";

// What no box shows, whatever its policy mounts as data.
constexpr std::array kHostPaths = {"/boot",           "/etc/glovebox", "/etc/gshadow",
                                   "/etc/shadow",     "/proc/sys",     "/proc/sysrq-trigger",
                                   "/root/.ssh",      "/run/dbus",     "/run/docker.sock",
                                   "/run/containerd", "/sys/kernel",   "/var/log",
                                   "/dev/fuse",       "/dev/kmsg",     "/dev/kvm",
                                   "/dev/mem",        "/dev/net/tun",  "/dev/sda",
                                   "/dev/vhost-net",  "/dev/uinput"};
// Of who runs this.
constexpr std::array kHomePaths = {".ssh",   ".aws",  ".config", ".docker",
                                   ".gnupg", ".kube", ".netrc",  ".bash_history"};
constexpr std::array kHostFolders = {"/",    "/bin", "/boot", "/dev",    "/etc",  "/home",
                                     "/lib", "/opt", "/root", "/run",    "/sbin", "/srv",
                                     "/sys", "/usr", "/var",  "/outputs"};

struct FileAttempt {
  std::string id, what, tool;
  Json input;
};

class Selftest {
 public:
  // `program`: of the guest. All outlive this.
  Selftest(SingleCall& single, const Witness& witness, int program)
      : single_(single), witness_(witness), program_(program) {}

  // Errors: those that end the command.
  Outcome<> run(const std::vector<std::string>& hidden);
  std::vector<SelftestRow>& rows() { return rows_; }

 private:
  void add(std::string id, std::string what, End end, std::string detail = {}) {
    rows_.push_back({std::move(id), std::move(what), end, std::move(detail)});
  }
  // The answer of one call of a tool; nullopt: the policy does not allow it.
  Outcome<std::optional<ipc::CallDone>> call(std::string tool, const Json& input);
  Outcome<std::optional<ipc::CallDone>> finish(const CallOrder& order);
  Outcome<std::optional<std::string>> bash(const std::string& command);
  Outcome<> send_guest(const std::vector<std::string>& hidden);
  Outcome<> try_shell();
  Outcome<> try_background();
  Outcome<> try_files();
  Outcome<> refuse(const FileAttempt& attempt);
  void read_rows(const std::string& text);

  SingleCall& single_;
  const Witness& witness_;
  int program_;
  std::vector<SelftestRow> rows_;
  std::string background_;  // as the box of the guest was planned
  int count_ = 0;
};

std::string text_of(const ipc::CallDone& done) {
  auto blocks = codec::parse_json(done.content);
  if (!blocks) return {};
  return plane::result_text(Json::object({{"content", *std::move(blocks)}}));
}

// Ourselves, as a program in memory: no file of the host has to be in the box.
Result<UniqueFd> own_program() {
  const UniqueFd self = TRY(os::open_own_executable());
  const std::string bytes = TRY(os::read_all(self.get(), kMaxProgram));
  return os::sealed_memfd("selftest", bytes);
}

Outcome<std::optional<ipc::CallDone>> Selftest::finish(const CallOrder& order) {
  std::vector<OutputRelay> none;
  auto done = single_.run(order, none);
  if (!done) return done.error();
  if (done->outcome == kDenied) return std::optional<ipc::CallDone>{};
  if (done->outcome == kNotMade)
    return Failure{ExitCode::host_lacks, "the sandbox could not be made: " + done->detail};
  return std::optional<ipc::CallDone>(std::move(*done));
}

Outcome<std::optional<ipc::CallDone>> Selftest::call(std::string tool, const Json& input) {
  CallOrder order;
  order.call = std::format("selftest-{}", ++count_);
  order.tool = std::move(tool);
  order.input = codec::to_json(input);
  return finish(order);
}

void Selftest::read_rows(const std::string& text) {
  bool complete = false;
  for (std::string_view rest = text; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto json = codec::parse_json(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    auto row = json ? row_from_json(*json) : Result<SelftestRow>(json.error());
    if (!row) {
      add("all", "the guest speaks plainly", End::broken, row.error().message());
      continue;
    }
    complete = row->what == kLastRow;
    rows_.push_back(std::move(*row));
  }
  if (!complete) add("all", std::string(kLastRow), End::not_run);
}

Outcome<> Selftest::send_guest(const std::vector<std::string>& hidden) {
  auto answer = os::make_memfd("answer");
  auto errors = os::make_memfd("errors");
  if (!answer) return answer.error();
  if (!errors) return errors.error();
  GuestOrders orders;
  orders.unseen = {witness_.folder(), witness_.secret_file()};
  orders.unseen.insert(orders.unseen.end(), hidden.begin(), hidden.end());
  orders.unseen.insert(orders.unseen.end(), kHostPaths.begin(), kHostPaths.end());
  orders.unwritten.assign(kHostFolders.begin(), kHostFolders.end());
  orders.process = witness_.process();
  orders.port = std::to_string(witness_.port());
  orders.socket = witness_.socket();
  orders.variable = kVariable;
  CallOrder order;
  order.call = std::format("selftest-{}", ++count_);
  order.tool = "bash";
  order.program = {"/proc/self/fd/0", std::string(kGuestWord), codec::to_json(orders.to_json())};
  order.stdio = {program_, answer->get(), errors->get()};
  auto done = finish(order);
  if (!done) return done.error();
  if (!*done) {
    add("all", "programs and bash", End::absent, "this policy allows none");
    return {};
  }
  const auto protection = codec::parse_json((*done)->protection);
  if (protection) {
    rows_.push_back(layers_row(*protection));
    if (const std::string* mode = protection->get_string("background")) background_ = *mode;
  }
  read_rows(os::read_at(answer->get(), 0, kMaxAnswer).value_or(std::string()));
  if ((*done)->outcome != "finished" || (*done)->status != 0)
    add("all", "the guest ends well", End::broken,
        std::format("{} {}: {}", (*done)->outcome, (*done)->status,
                    os::read_at(errors->get(), 0, kMaxAnswer).value_or(std::string())));
  return {};
}

// The text of the answer; nullopt: not allowed.
Outcome<std::optional<std::string>> Selftest::bash(const std::string& command) {
  auto done = call("bash", Json::object({{"command", command}}));
  if (!done) return done.error();
  if (!*done) return std::optional<std::string>{};
  return std::optional<std::string>(text_of(**done));
}

Outcome<> Selftest::try_shell() {
  const auto first = TRY(bash("selftest=kept; cd /; echo $((6 * 7))"));
  if (!first) return {};
  add("use", "bash answers", *first == "42" ? End::works : End::broken,
      *first == "42" ? "" : *first);
  const auto second = TRY(bash("echo $selftest in $PWD"));
  const bool carried = second && *second == "kept in /";
  add("use", "bash carries its state to the next call", carried ? End::works : End::broken,
      carried || !second ? "" : *second);
  const auto timed =
      TRY(call("bash", Json::object({{"command", std::format("sleep {} & sleep {}", witness_.mark(),
                                                             witness_.mark())},
                                     {"timeout_ms", 400}})));
  if (!timed) return {};
  const bool ended = timed->outcome == "timed_out";
  add("E11", "a call without end", ended ? End::denied : End::through, ended ? "" : timed->outcome);
  return try_background();
}

// What outlives its call does so only where the policy says that it may.
Outcome<> Selftest::try_background() {
  const auto begun = TRY(
      bash(std::format("(setsid sleep {} >/dev/null 2>&1 &); sleep {} >/dev/null 2>&1 & echo $!",
                       witness_.mark(), witness_.mark())));
  if (!begun) return {};
  const auto seen = TRY(bash(std::format(
      "kill -0 {} 2>/dev/null && tr '\\0' ' ' < /proc/{}/cmdline || echo gone", *begun, *begun)));
  const bool lives = seen && seen->contains(witness_.mark());
  const bool keep = background_ == "keep";
  if (keep)
    add("use", "a job goes on after its call", lives ? End::works : End::broken,
        lives || !seen ? "" : *seen);
  else
    add("E13", "a process that outlives its call", lives ? End::through : End::denied);
  if (!keep) return {};
  const auto read = TRY(
      bash(std::format("cat /proc/{}/environ /proc/{}/maps 2>/dev/null | wc -c", *begun, *begun)));
  const bool closed = read && *read == "0";
  add("C04", "the memory and environment of an earlier call's job",
      closed ? End::denied : End::through, closed || !read ? "" : *read + " bytes");
  return {};
}

// A file tool must refuse, and tell nothing.
Outcome<> Selftest::refuse(const FileAttempt& attempt) {
  const auto done = TRY(call(attempt.tool, attempt.input));
  if (!done) {
    add(attempt.id, attempt.what, End::absent, "this policy allows no " + attempt.tool);
    return {};
  }
  const std::string text = text_of(*done);
  const bool refused = done->is_error != 0 && !text.contains(witness_.secret());
  add(attempt.id, attempt.what, refused ? End::denied : End::through,
      refused ? "" : text.substr(0, kShownText));
  return {};
}

Outcome<> Selftest::try_files() {
  const std::string secret = witness_.secret_file();
  const FileAttempt outside[] = {
      {"G16", "read a file of the host", "read", Json::object({{"file_path", secret}})},
      {"G08", "read by way of ..", "read", Json::object({{"file_path", "../../../../" + secret}})},
      {"G16", "write a file of the host", "write",
       Json::object({{"file_path", secret}, {"content", "owned"}})},
  };
  for (const FileAttempt& attempt : outside)
    if (auto done = refuse(attempt); !done) return done;
  const auto linked = TRY(bash(std::format("ln -sfn {} /workspace/{}; readlink /workspace/{}",
                                           witness_.folder(), kLink, kLink)));
  const FileAttempt over_link[] = {
      {"A10", "read over a link", "read",
       Json::object({{"file_path", std::format("{}/secret", kLink)}})},
      {"A10", "write over a link", "write",
       Json::object({{"file_path", std::format("{}/planted", kLink)}, {"content", "x"}})},
  };
  if (linked && *linked == witness_.folder())
    for (const FileAttempt& attempt : over_link)
      if (auto done = refuse(attempt); !done) return done;
  (void)TRY(bash(std::format("rm -f /workspace/{}", kLink)));
  const auto written =
      TRY(call("write", Json::object({{"file_path", ".selftest-file"}, {"content", "text\n"}})));
  if (!written) return {};
  const auto read = TRY(call("read", Json::object({{"file_path", ".selftest-file"}})));
  const bool works = written->is_error == 0 && (!read || text_of(*read).contains("text"));
  add("use", "write and read a file by the tools", works ? End::works : End::broken,
      works ? "" : text_of(*written));
  return {};
}

Outcome<> Selftest::run(const std::vector<std::string>& hidden) {
  if (auto done = send_guest(hidden); !done) return done;
  if (auto done = try_shell(); !done) return done;
  return try_files();
}

std::vector<std::string> paths_of_user() {
  std::vector<std::string> paths;
  const std::string home = variable("HOME");
  if (home.starts_with('/') && home != "/")
    for (const char* name : kHomePaths) paths.push_back(std::format("{}/{}", home, name));
  return paths;
}

int fail_with(const Failure& failure) {
  if (!failure.message.empty()) print_error(failure.message);
  return to_int(failure.code);
}

}  // namespace

int run_selftest(const SelftestOptions& options) {
  auto policy = roles::read_policy(options.policy);
  if (!policy) return to_int(fail(ExitCode::unconfigured, policy.error().message()));
  SystemRandom random;
  const SystemClock clock;
  const Log log(kStandardError, "selftest", LogLevel::error);
  const auto program = own_program();
  auto witness = Witness::start(random);
  if (!program || !witness)
    return to_int(fail(ExitCode::bug, (program ? witness.error() : program.error()).message()));
  set_variable(kVariable, witness->secret());
  std::vector<std::string> hidden = paths_of_user();
  if (options.policy.starts_with('/')) hidden.push_back(options.policy);
  auto single = SingleCall::start({.policy = std::move(*policy),
                                   .state = options.state,
                                   .workdir = {},
                                   .session = {},
                                   .environment = options.environment,
                                   .agent = options.agent},
                                  clock, log, random);
  if (!single) return fail_with(single.error());
  hidden.push_back((*single)->audit_folder());
  Selftest selftest(**single, *witness, program->get());
  const auto done = selftest.run(hidden);
  const auto finished = (*single)->finish();
  const auto harm = witness->end();
  if (!done) return fail_with(done.error());
  if (!finished) return fail_with(finished.error());
  SelftestRow row{"all", "nothing outside was harmed, nothing is left", End::works, {}};
  if (!harm || !harm->empty()) {
    row.end = End::through;
    row.detail = harm ? *harm : harm.error().message();
  }
  selftest.rows().push_back(std::move(row));
  print_out(options.form == OutputForm::json
                ? selftest_text(selftest.rows(), options.policy, options.form)
                : visible_lines(selftest_text(selftest.rows(), options.policy, options.form)));
  if ((*single)->state_is_fresh()) print_note("audit log: " + (*single)->audit_folder());
  return to_int(selftest_code(selftest.rows()));
}

}  // namespace glovebox::cli
