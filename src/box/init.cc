#include "box/init.h"

#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <format>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "box/file_call.h"
#include "box/init_status.h"
#include "box/setup.h"
#include "ipc/channel.h"
#include "ipc/wire.h"
#include "os/file.h"
#include "os/process.h"
#include "tools/shell_state.h"

namespace glovebox::box {

namespace {

constexpr int kSetupFailed = 125;
constexpr int kCannotExecute = 126;
constexpr int kNotFound = 127;
// Above every number that a tool's descriptors get.
constexpr int kOutOfTheWay = 20;
constexpr const char* kShell = "/bin/bash";
constexpr const char* kNull = "/dev/null";
constexpr std::string_view kNoSuchCall = "read\n{\"file_path\":\"no such file\"}";

// What the keeper reads may be gone with the keeper; then so is this process.
void tell(int pipe, std::string_view bytes) {
  (void)os::write_all(pipe, bytes);
}

int fail(int status, std::string_view text) {
  tell(status, failed_line(text));
  return kSetupFailed;
}

std::vector<int> kept_descriptors(const InitWork& work) {
  std::vector<int> kept = work.fds.list(work.plan);
  std::erase(kept, work.fds.group.get());
  kept.push_back(work.keeper);
  return kept;
}

// The last wall. Who is to hear of what it reports is told here, on the channel of the session's
// first process, which nothing of the guest's ever holds.
std::optional<std::string> close_the_walls(const InitWork& work) {
  const auto loaded = load_filter(work.plan);
  if (!loaded) return loaded.error();
  ipc::Channel keeper{UniqueFd(work.keeper)};
  if (!loaded->valid()) return std::nullopt;
  const auto sent =
      keeper.send(BoxListens::kType, BoxListens{work.number}.encode(), {loaded->get()});
  if (!sent) return failure_text("seccomp listener", sent.error());
  return limit_files(work.plan);
}

std::vector<std::string> environment_of(const BoxPlan& plan) {
  std::vector<std::string> environment;
  environment.reserve(plan.environment.size());
  for (const auto& [name, value] : plan.environment)
    environment.push_back(std::format("{}={}", name, value));
  return environment;
}

// Reaps whatever ends until `tool` does.
InitStatus::Ended wait_for(pid_t tool) {
  for (;;) {
    const auto ended = os::wait_for_any_child();
    if (!ended) return {true, SIGKILL};
    if (ended->pid == tool) return {ended->signalled, ended->code};
  }
}

// Whatever the tool left running is gone when this returns.
void end_the_rest(const BoxPlan& plan) {
  // Without a pid namespace (only tests plan that) this would reach processes of the host.
  if (!plan.layers.has(Layer::pid_namespace)) return;
  (void)os::kill_everybody();
  while (os::wait_for_any_child()) {
  }
}

int run_child(const InitWork& work, const std::function<int()>& child) {
  const int status = work.fds.status.get();
  tell(status, started_line());
  auto tool = os::fork_to_execute(child);
  if (!tool) return fail(status, failure_text("start the tool", tool.error()));
  const auto ended = wait_for(*tool);
  end_the_rest(work.plan);
  tell(status, ended_line(ended, os::use_of_self_and_children()));
  return 0;
}

// (descriptor here, number in the tool), by way of numbers that are in nobody's way.
Result<void> place_all(const std::vector<std::pair<int, int>>& wanted) {
  std::vector<std::pair<int, int>> moved;
  for (const auto& [from, to] : wanted) {
    UniqueFd copy = TRY(os::duplicate(from, kOutOfTheWay));
    moved.emplace_back(copy.release(), to);  // close-on-exec
  }
  for (const auto& [from, to] : moved) TRY(os::place_fd(from, to));
  return {};
}

int become_shell(const InitWork& work, int status) {
  auto null = os::open_path(kNull, O_RDONLY);
  if (!null) return fail(status, failure_text("open /dev/null", null.error()));
  auto placed = place_all({{null->get(), 0},
                           {work.fds.output.get(), 1},
                           {work.fds.output.get(), 2},
                           {work.fds.state_in.get(), tools::kStateInFd},
                           {work.fds.command.get(), tools::kCommandFd},
                           {work.fds.state_out.get(), tools::kStateOutFd},
                           {work.fds.told.get(), tools::kStatusOutFd}});
  if (!placed) return fail(status, failure_text("place descriptors", placed.error()));
  (void)os::reset_signals();
  const Error error = os::execute(
      kShell,
      {kShell, "--noprofile", "--norc", "-c",
       std::string(work.start == BoxStart::with_its_call ? tools::shell_script()
                                                         : tools::waiting_shell_script())},
      environment_of(work.plan));
  return fail(status, failure_text(std::format("start {}", kShell), error));
}

std::vector<std::string> places_of(const BoxPlan& plan, const std::string& name) {
  if (name.find('/') != std::string::npos) return {name};
  std::vector<std::string> places;
  for (const auto& [variable, value] : plan.environment) {
    if (variable != "PATH") continue;
    for (std::size_t start = 0; start <= value.size();) {
      const std::size_t end = std::min(value.find(':', start), value.size());
      if (end > start) places.push_back(value.substr(start, end - start) + "/" + name);
      start = end + 1;
    }
  }
  return places;
}

int become_program(const InitWork& work) {
  const std::vector<std::string>& argv = work.plan.command.argv;
  auto placed = place_all(
      {{work.fds.stdio[0].get(), 0}, {work.fds.stdio[1].get(), 1}, {work.fds.stdio[2].get(), 2}});
  if (!placed) return kSetupFailed;
  (void)os::reset_signals();
  const std::vector<std::string> environment = environment_of(work.plan);
  std::string reason = "ENOENT";
  int code = kNotFound;
  for (const std::string& path : places_of(work.plan, argv.front())) {
    const Error error = os::execute(path, argv, environment);
    if (error.kind() == ErrorKind::not_found) continue;
    reason = errno_name(error.error_number());
    code = kCannotExecute;
    break;
  }
  tell(2, std::format("glovebox: error: {}: {}\n", argv.front(), reason));
  return code;
}

// In keep mode nothing of ours stays in the call: its end is this process's own. The guest never
// has the status pipe, which closes when the program begins.
int become_tool(const InitWork& work) {
  const int status = work.fds.status.get();
  tell(status, started_line());
  return work.plan.command.kind == CommandKind::shell ? become_shell(work, status)
                                                      : become_program(work);
}

int run_function(InitWork& work) {
  const int status = work.fds.status.get();
  auto call = FileCall::prepare(work.plan);
  if (!call) return fail(status, failure_text("open roots", call.error()));
  if (auto failed = close_the_walls(work)) return fail(status, *failed);
  tell(status, started_line());
  // There is time to have the pages of a call in memory: it finds nothing.
  if (work.start == BoxStart::waiting) (void)call->run(kNoSuchCall);
  // Of a box that waits: until the keeper has told it all.
  const auto request = os::read_all(work.fds.command.get(), ipc::kMaxBlob);
  if (!request) return fail(status, failure_text("read the call", request.error()));
  const tools::ToolResult result = call->run(*request);
  tell(work.fds.answer.get(), encode_answer(result.is_error == tools::ToolResult::IsError::yes,
                                            tools::to_content_json(result)));
  tell(status, ended_line({false, 0}, os::use_of_self_and_children()));
  return 0;
}

}  // namespace

int run_init(InitWork& work) {
  const int status = work.fds.status.get();
  Site site(work.plan, work.places);
  site.guarded = std::move(work.guarded);
  site.kept = kept_descriptors(work);
  site.host_proc = work.host_proc;
  site.keeper = work.keeper;
  site.number = work.number;
  if (auto failed = build_call(site)) return fail(status, *failed);
  // The signal for the death of the session's first process was asked for after that of its life
  // was seen: look again.
  if (os::has_hung_up(status)) return kSetupFailed;
  if (work.plan.command.kind == CommandKind::function) return run_function(work);
  // Without a pid namespace (only tests plan that) orphans come to this process as well.
  if (work.plan.background == Background::kill && !work.plan.layers.has(Layer::pid_namespace))
    (void)os::become_subreaper();
  if (auto failed = close_the_walls(work)) return fail(status, *failed);
  if (work.plan.background == Background::keep) return become_tool(work);
  if (work.plan.command.kind == CommandKind::shell)
    return run_child(work, [&] { return become_shell(work, status); });
  return run_child(work, [&] { return become_program(work); });
}

}  // namespace glovebox::box
