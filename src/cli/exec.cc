#include "cli/exec.h"

#include <fcntl.h>

#include <array>
#include <format>
#include <utility>
#include <vector>

#include "cli/message.h"
#include "cli/single_call.h"
#include "codec/json.h"
#include "codec/uuid.h"
#include "os/file.h"

namespace glovebox::cli {

namespace {

using codec::Json;

constexpr int kStandardInput = 0, kStandardOutput = 1, kStandardError = 2;
constexpr std::uint64_t kMaxInput = 32u << 20;
constexpr int kKillSignal = 9, kBadCallSignal = 31;

Result<std::string> read_input(const std::string& path) {
  if (path == "-") return os::read_all(kStandardInput, kMaxInput);
  return os::read_file(path, kMaxInput);
}

std::string text_of(const Json& block) {
  const std::string* type = block.get_string("type");
  if (type != nullptr && *type == "text") {
    const std::string* text = block.get_string("text");
    return text == nullptr ? "" : *text;
  }
  const Json* source = block.get("source");
  const std::string* media = source == nullptr ? nullptr : source->get_string("media_type");
  const std::string* data = source == nullptr ? nullptr : source->get_string("data");
  return std::format("[{}: {}, {} bytes of base64]", type == nullptr ? "block" : *type,
                     media == nullptr ? "unknown" : *media, data == nullptr ? 0 : data->size());
}

void print_content(const std::string& content) {
  const auto blocks = codec::parse_json(content);
  if (!blocks || blocks->as_array() == nullptr) return;
  const bool terminal = os::is_terminal(kStandardOutput);
  for (const Json& block : *blocks->as_array()) {
    std::string text = text_of(block);
    if (!text.ends_with('\n')) text += '\n';
    print_out(terminal ? visible_lines(text) : text);
  }
}

void print_json(const ipc::CallDone& done, const std::string& audit) {
  codec::JsonObject object;
  object.set("outcome", done.outcome);
  object.set("status", done.status);
  object.set("is_error", done.is_error != 0);
  object.set("reason", done.detail);
  object.set("rule", done.rule);
  object.set("usage", Json::object({{"wall_us", done.wall_us},
                                    {"cpu_us", done.cpu_us},
                                    {"peak_kib", done.peak_kib}}));
  const auto protection = codec::parse_json(done.protection);
  object.set("prot", protection ? *protection : Json());
  if (!done.content.empty()) {
    const auto content = codec::parse_json(done.content);
    object.set("content", content ? *content : Json());
  }
  object.set("record", static_cast<std::int64_t>(done.index));
  object.set("audit", audit);
  const std::string json = codec::to_json(Json(std::move(object)));
  print_out((os::is_terminal(kStandardOutput) ? ascii_json(json) : json) + "\n");
}

// What of our own descriptors the program may have, and what stands in for the rest.
struct Stdio {
  std::array<int, 3> fds{kStandardInput, kStandardOutput, kStandardError};
  UniqueFd no_input;
  std::vector<OutputRelay> relays;
};

Result<Stdio> make_stdio(OutputForm form) {
  Stdio stdio;
  if (os::is_terminal(kStandardInput)) {
    stdio.no_input = TRY(os::open_path("/dev/null", O_RDONLY));
    stdio.fds[kStandardInput] = stdio.no_input.get();
  }
  for (int fd : {kStandardOutput, kStandardError}) {
    const bool terminal = os::is_terminal(fd);
    if (!terminal && (form == OutputForm::text || fd == kStandardError)) continue;
    stdio.relays.push_back(
        TRY(OutputRelay::make(fd, terminal ? OutputRelay::Form::visible : OutputRelay::Form::raw)));
    stdio.fds[static_cast<std::size_t>(fd)] = stdio.relays.back().writer();
  }
  return stdio;
}

int fail_with(const Failure& failure) {
  if (!failure.message.empty()) print_error(failure.message);
  return to_int(failure.code);
}

// glovebox's own part in the end of a call, in words; empty when the command ended by itself.
std::string own_words(const ipc::CallDone& done) {
  if (done.outcome == "denied")
    return std::format("not permitted by policy ({}): {}", done.rule, done.detail);
  if (done.outcome == "setup_failed")
    return std::format("the sandbox could not be made: {}", done.detail);
  if (done.outcome == "audit_failed") return "refused, the audit log cannot be written";
  if (done.outcome == "interrupted") return "interrupted, it may have run in part";
  if (done.outcome == "timed_out") return "stopped by the time limit";
  if (done.outcome == "memory_limit") return "stopped by the memory limit";
  if (done.outcome == "cpu_limit") return "stopped by the cpu limit";
  if (done.outcome == "disk_limit") return "stopped by the disk limit";
  if (done.outcome == "forbidden_call") return "stopped by the system call filter";
  if (done.outcome == "cancelled" || done.outcome == "shutting_down") return "called off";
  return "";
}

}  // namespace

int exit_code_of(const ipc::CallDone& done, int signal) {
  const auto after_signal = [](std::int64_t number) {
    return to_int(ExitCode::signalled) + static_cast<int>(number);
  };
  if (done.outcome == "finished")
    return done.status == 0 && done.is_error != 0 ? to_int(ExitCode::negative)
                                                  : static_cast<int>(done.status);
  if (done.outcome == "signalled") return after_signal(done.status);
  if (done.outcome == "timed_out") return to_int(ExitCode::timed_out);
  if (done.outcome == "denied") return to_int(ExitCode::refused);
  if (done.outcome == "setup_failed") return to_int(ExitCode::host_lacks);
  if (done.outcome == "audit_failed") return to_int(ExitCode::log_failed);
  if (done.outcome == "forbidden_call") return after_signal(kBadCallSignal);
  if (done.outcome == "memory_limit" || done.outcome == "cpu_limit" || done.outcome == "disk_limit")
    return after_signal(kKillSignal);
  if ((done.outcome == "cancelled" || done.outcome == "shutting_down") && signal != 0)
    return after_signal(signal);
  return to_int(ExitCode::bug);
}

int run_exec(const ExecOptions& options) {
  if (options.policy.empty())
    return to_int(fail(ExitCode::unconfigured,
                       "no policy\nhint: --policy FILE, builtin:default or builtin:strict"));
  auto policy = roles::read_policy(options.policy);
  if (!policy) return to_int(fail(ExitCode::unconfigured, policy.error().message()));
  SystemRandom random;
  const SystemClock clock;
  const Log log(kStandardError, "exec", LogLevel::warning);
  CallOrder order;
  order.call = options.call.value_or("call-" + codec::uuid4(random));
  order.tool = options.tool.value_or("bash");
  order.program = options.command;
  order.time_limit = options.timeout;
  const bool plan = options.show == ExecOptions::Show::plan;
  if (options.tool && !plan) {
    auto input = read_input(options.input);
    if (!input)
      return to_int(fail(ExitCode::usage, Error(input.error()).with_context("--input").message()));
    if (const auto json = codec::parse_json(*input); !json || !json->is_object())
      return to_int(fail(ExitCode::usage,
                         "--input: " + (json ? "not a JSON object" : json.error().message())));
    order.input = std::move(*input);
  }
  auto stdio = make_stdio(options.form);
  if (!stdio) return to_int(fail(ExitCode::bug, stdio.error().message()));
  order.stdio = stdio->fds;

  auto single = SingleCall::start({.policy = std::move(*policy),
                                   .state = options.state,
                                   .workdir = options.workdir,
                                   .session = options.session,
                                   .environment = options.environment,
                                   .agent = options.agent},
                                  clock, log, random);
  if (!single) return fail_with(single.error());
  int code = 0;
  if (plan) {
    const auto shown = (*single)->plan(order);
    if (!shown) return fail_with(shown.error());
    if (!shown->denied.empty()) {
      print_error("not permitted by policy (" + shown->denied + ")");
      code = to_int(ExitCode::refused);
    }
    print_out(shown->text);
  } else {
    const auto done = (*single)->run(order, stdio->relays);
    for (OutputRelay& relay : stdio->relays)
      relay.finish(options.form == OutputForm::json ? OutputRelay::LineEnd::complete
                                                    : OutputRelay::LineEnd::as_it_is);
    if (!done) return fail_with(done.error());
    if (options.form == OutputForm::json)
      print_json(*done, (*single)->audit_folder());
    else
      print_content(done->content);
    if (const std::string words = own_words(*done); !words.empty()) print_error(words);
    code = exit_code_of(*done, (*single)->signal().value_or(0));
  }
  const auto finished = (*single)->finish();
  if ((*single)->state_is_fresh()) print_note("audit log: " + (*single)->audit_folder());
  if (!finished) return fail_with(finished.error());
  return code;
}

}  // namespace glovebox::cli
