#include "box/running_box.h"

#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <format>
#include <string>
#include <utility>

#include "base/units.h"
#include "box/answer.h"
#include "codec/json.h"
#include "ipc/wire.h"
#include "os/file.h"
#include "os/memfd.h"
#include "tools/bash_input.h"
#include "tools/shell_state.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kChunk = 64 * kKiB;
constexpr int kChunksAtOnce = 16;  // so that one box cannot keep the keeper from the others
// Marks and the shell's own lines round the state.
constexpr std::uint64_t kStateRoom = tools::kMaxShellState + 64 * kKiB;
constexpr std::size_t kMaxAnswer = ipc::kMaxBlob + kKiB;
// A killed process that is not gone by then hangs in the kernel.
constexpr seconds kGoneWithin{5};
// The keeper and the session's first processes are in its group (version 1), and each box has one.
constexpr std::uint64_t kKeeperMemory = 32 * kMiB;
constexpr std::uint32_t kKeeperProcesses = 2;  // with a first process that is being made
constexpr std::uint32_t kInitProcesses = 1;
constexpr std::string_view kStateDropped =
    "[the state of the shell could not be restored; it starts afresh]";

// Takes what is there; closes the descriptor at its end.
template <class Take>
void drain(UniqueFd& fd, int chunks, const Take& take) {
  std::string buffer(kChunk, '\0');
  while (fd.valid() && chunks-- > 0) {
    const auto got = os::read_some(fd.get(), buffer.data(), buffer.size());
    if (!got) return;  // nothing now
    if (*got == 0) {
      fd.reset();
    } else {
      take(std::string_view(buffer).substr(0, *got));
    }
  }
}

std::string written_part(int memory_file) {
  std::string bytes = os::read_at(memory_file, 0, kStateRoom).value_or(std::string());
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

}  // namespace

RunningBox::RunningBox(SessionCommons& commons, Call call)
    : commons_(commons),
      call_(std::move(call)),
      time_limit_(call_.plan.limits.wall),
      collector_(commons_.store, call_.plan.limits.output) {
  report_.ticket = call_.ticket;
}

void RunningBox::start() {
  began_ = commons_.clock.monotonic();
  if (call_.plan.command.kind == CommandKind::shell && !prepare_shell()) return;
  deadline_ = began_ + time_limit_;
  launch();
}

// False: the answer is there already.
bool RunningBox::prepare_shell() {
  const auto answer = [&](const tools::ToolResult& result) {
    report_.is_error = result.is_error == tools::ToolResult::IsError::yes;
    report_.content = tools::to_content_json(result);
    done_ = true;
    return false;
  };
  const auto json = codec::parse_json(call_.input);
  if (!json || !json->is_object())
    return answer(tools::error_result("bash: the input is not a JSON object"));
  auto input = tools::bash_input(*json, call_.plan.limits.wall);
  if (!input) return answer(input.error());
  if (input->start == tools::ShellStart::fresh) {
    (void)commons_.store.remove_shell_state();
    commons_.shell_state.emplace();
    if (input->command.empty()) return answer(tools::bash_restarted());
  } else {
    if (!commons_.shell_state)
      commons_.shell_state = commons_.store.load_shell_state().value_or(std::string());
    state_ = *commons_.shell_state;
  }
  command_ = std::move(input->command);
  time_limit_ = input->time_limit;
  return true;
}

void RunningBox::launch() {
  if (auto asked = ask_for_box(); !asked) {
    // A step of the keeper; those of the box report themselves.
    complete({Outcome::setup_failed, 0, asked.error().message()});
    remove_call_group();
    return;
  }
  const Duration now = commons_.clock.monotonic();
  pace_.begin(now);
  if (call_.plan.command.kind == CommandKind::shell) restore_by_ = now + tools::kRestoreTimeLimit;
  commons_.disk.begin(call_.plan.limits.disk, call_.plan.ids);
  next_disk_ = now + commons_.disk.first_look(call_.plan.limits.disk);
}

Result<void> RunningBox::enter_group() {
  const BoxPlan& plan = call_.plan;
  const bool wants_group = plan.cgroups == CgroupMode::v1 || plan.cgroups == CgroupMode::v2;
  if (!wants_group) return {};
  if (plan.cgroups != commons_.group_places.mode)
    return Error(ErrorKind::conflict, "group: the plan wants another one than the session has");
  if (plan.cgroups == CgroupMode::v2) {
    call_group_ = TRY_CONTEXT(
        make_group(commons_.group_places, std::format("call-{}", call_.ticket)), "make group");
    const Group group = TRY_CONTEXT(Group::open(*call_group_), "open group");
    return group.set_limits({plan.limits.memory, plan.limits.processes + kInitProcesses});
  }
  if (!has_grant_) {
    commons_.granted.memory += plan.limits.memory;
    commons_.granted.processes += plan.limits.processes + kInitProcesses;
    has_grant_ = true;
  }
  TRY_CONTEXT(set_session_limits(), "set group limits");
  kills_before_ = TRY_CONTEXT(commons_.group.memory_kills(), "read group");
  return {};
}

GroupLimits RunningBox::session_limits() const {
  const auto roots = static_cast<std::uint32_t>(commons_.roots.all().size());
  return {commons_.granted.memory + kKeeperMemory,
          commons_.granted.processes + kKeeperProcesses + roots};
}

// What a box that has ended had in memory may not have been given back yet; a limit below what is
// used is refused until then.
Result<void> RunningBox::set_session_limits() {
  constexpr milliseconds kAgain{1};
  constexpr milliseconds kPatience{200};
  const GroupLimits limits = session_limits();
  const Duration until = commons_.clock.monotonic() + kPatience;
  auto set = commons_.group.set_limits(limits);
  while (!set && errno_name(set.error().error_number()) == "EBUSY" &&
         commons_.clock.monotonic() < until) {
    std::vector<os::Poll> nothing;
    TRY(os::poll_fds(nothing, kAgain));
    set = commons_.group.set_limits(limits);
  }
  return set;
}

// The call has no part in the session's limits any more.
void RunningBox::leave_group() {
  if (has_grant_) {
    commons_.granted.memory -= call_.plan.limits.memory;
    commons_.granted.processes -= call_.plan.limits.processes + kInitProcesses;
    has_grant_ = false;
  }
}

// Its box is gone.
void RunningBox::remove_call_group() {
  if (call_group_) (void)remove_group(*call_group_);
  call_group_.reset();
}

Result<void> RunningBox::make_pipes(BoxFds& side) {
  const auto pipe_to_keeper = [](UniqueFd& here, UniqueFd& there) -> Result<void> {
    auto pipe = TRY(os::make_pipe());
    TRY(os::set_blocking(pipe.reader.get(), false));
    here = std::move(pipe.reader);
    there = std::move(pipe.writer);
    return {};
  };
  TRY(pipe_to_keeper(status_, side.status));
  switch (call_.plan.command.kind) {
    case CommandKind::function:
      return pipe_to_keeper(answer_, side.answer);
    case CommandKind::program:
      side.stdio = std::move(call_.stdio);
      return {};
    case CommandKind::shell:
      TRY(pipe_to_keeper(output_, side.output));
      side.state_in = TRY(os::sealed_memfd("state", state_));
      side.command = TRY(os::sealed_memfd("command", command_));
      // Of a fixed size: what a guest writes there cannot grow beyond what is read from it.
      state_out_ = TRY(os::fixed_memfd("state", kStateRoom));
      side.state_out = TRY(os::duplicate(state_out_.get()));
      return {};
  }
  return {};
}

Result<void> RunningBox::ask_for_box() {
  const BoxPlan& plan = call_.plan;
  if (plan.layers.has(Layer::seccomp) && plan.filter.empty())
    return Error(ErrorKind::invalid, "seccomp: the plan has no filter");
  if (plan.command.kind == CommandKind::program && plan.command.argv.empty())
    return Error(ErrorKind::invalid, "start: no program is named");
  TRY(enter_group());
  BoxFds side;
  TRY_CONTEXT(make_pipes(side), "make pipes");
  if (call_group_) {
    const Group group = TRY_CONTEXT(Group::open(*call_group_), "open group");
    side.group = TRY(os::duplicate(group.fd()));
  }
  const SessionInit* const session = TRY(commons_.roots.of(plan, commons_.places));
  auto asked = session->make_box(call_.request, side.list(plan));
  // One that is gone already has left word why, which is read next.
  if (!asked && asked.error().kind() != ErrorKind::closed)
    return std::move(asked).error().with_context("ask for the box");
  session_ = session;
  return {};
}

void RunningBox::made(UniqueFd pidfd) {
  pidfd_ = std::move(pidfd);
  pid_ = os::pid_behind(pidfd_.get()).value_or(0);
  // Also one that has answered already: it has no business any more.
  if (decided_ || done_) kill();
}

void RunningBox::refused(std::string why) {
  session_ = nullptr;
  if (!done_) complete({Outcome::setup_failed, 0, std::move(why)});
  remove_call_group();
}

void RunningBox::gone(const os::ExitFacts& exit) {
  session_ = nullptr;
  pidfd_.reset();
  pid_ = 0;
  if (!done_) finish(exit);
  if (session_ != nullptr) return;
  remove_call_group();
  // What it was granted is no longer there for others; where that cannot be now, the next call
  // will.
  if (call_.plan.cgroups == CgroupMode::v1 && commons_.granted.memory > 0)
    (void)commons_.group.set_limits(session_limits());
}

void RunningBox::lost() {
  read_pipes();
  gone({.signalled = true, .code = SIGKILL});
}

void RunningBox::kill() const {
  if (pidfd_) (void)os::signal_through(pidfd_.get(), SIGKILL);
}

void RunningBox::add_polls(std::vector<os::Poll>& polls) const {
  for (const int fd : {status_.get(), answer_.get(), output_.get()}) {
    polls.push_back({.fd = fd});
  }
}

void RunningBox::after_poll(const os::Poll* polls) {
  if (!polls[0].readable && !polls[1].readable && !polls[2].readable) return;
  read_pipes();
  if (done_ || restore_ == Restore::given_up || !read_status(status_text_).ended) return;
  finish({});
  // It ends by itself now; a tool function that a hostile file took over might not.
  kill();
}

void RunningBox::read_pipes() {
  drain(status_, kChunksAtOnce, [&](std::string_view bytes) {
    if (status_text_.size() < kMaxStatusText) status_text_ += bytes;
  });
  drain(answer_, kChunksAtOnce, [&](std::string_view bytes) {
    if (answer_bytes_.size() < kMaxAnswer) answer_bytes_ += bytes;
  });
  drain(output_, kChunksAtOnce, [&](std::string_view bytes) { collector_.append(bytes); });
}

bool RunningBox::take_started() {
  if (told_started_ || !read_status(status_text_).started) return false;
  told_started_ = true;
  return true;
}

void RunningBox::decide(Verdict verdict) {
  if (done_ || session_ == nullptr) return;
  if (!decided_) decided_ = std::move(verdict);
  kill();
  if (!gone_by_) gone_by_ = commons_.clock.monotonic() + kGoneWithin;
}

void RunningBox::stop(Outcome outcome) {
  decide({outcome, 0, {}});
}

Duration RunningBox::next_look() const {
  if (done_) return Duration::max();
  if (gone_by_) return *gone_by_;
  Duration next = std::min({deadline_, next_disk_, pace_.next()});
  if (restore_by_) next = std::min(next, *restore_by_);
  return next;
}

void RunningBox::look(Duration now) {
  if (done_) return;
  if (gone_by_) {
    if (now >= *gone_by_ && decided_) complete(*decided_);
    return;
  }
  if (now >= deadline_) {
    decide({Outcome::timed_out, 0, {}});
    return;
  }
  watch_restore(now);
  if (now >= pace_.next()) watch_use(now);
  if (now >= next_disk_) {
    if (commons_.disk.look(call_.plan.limits.disk, call_.plan.ids) == DiskWatch::Verdict::too_much)
      decide({Outcome::disk_limit, 0, {}});
    next_disk_ = commons_.clock.monotonic() + DiskWatch::kInterval;
  }
}

// A state can hold the shell up for ever; then the call is made without it.
void RunningBox::watch_restore(Duration now) {
  if (!restore_by_ || now < *restore_by_) return;
  restore_by_.reset();
  if (!pidfd_ || state_.empty() || tools::is_restored(written_part(state_out_.get()))) return;
  restore_ = Restore::given_up;
  kill();
}

void RunningBox::watch_use(Duration now) {
  const PlannedLimits& limits = call_.plan.limits;
  const BoxUse use = pid_ > 0 ? use_of_box(pid_) : BoxUse{};
  peak_bytes_ = std::max(peak_bytes_, use.memory);
  if (use.cpu > limits.cpu) decide({Outcome::cpu_limit, 0, {}});
  // The wall of version 1 is round all calls of the session together; each is watched as well.
  if (limits.memory_by == Enforced::watched || call_.plan.cgroups == CgroupMode::v1) {
    if (use.memory > limits.memory) decide({Outcome::memory_limit, 0, {}});
  }
  if (limits.memory_by == Enforced::walled && call_.plan.cgroups == CgroupMode::v1) {
    const auto kills = commons_.group.memory_kills();
    if (kills && *kills > kills_before_) decide({Outcome::memory_limit, 0, {}});
  }
  const Duration after = commons_.clock.monotonic();
  pace_.looked(after, after - now);
}

void RunningBox::read_what_is_left() {
  while (status_.valid() || answer_.valid() || output_.valid()) {
    const auto before = answer_bytes_.size() + collector_.output().total() + status_text_.size();
    read_pipes();
    // Nothing came: whoever still holds the other end is no process of the tool's.
    if (before == answer_bytes_.size() + collector_.output().total() + status_text_.size()) break;
  }
}

// The tool and all that it started are gone, and maybe the box's first process too.
void RunningBox::finish(const os::ExitFacts& exit) {
  read_what_is_left();
  BoxEnd end{decided_, read_status(status_text_), exit, false};
  const os::OwnUse use =
      end.reported.ended ? end.reported.use : os::OwnUse{exit.cpu_us, exit.peak_kib};
  use_.cpu_us += use.cpu_us;
  use_.peak_kib = std::max(use_.peak_kib, use.peak_kib);
  if (restore_ == Restore::given_up && !decided_) {
    if (tools::is_restored(written_part(state_out_.get()))) {
      // It came to the command after all, in the moment that it was given up: that ran in part.
      complete({Outcome::interrupted, 0, {}});
      return;
    }
    restore_ = Restore::dropped;
    state_.clear();
    status_text_.clear();
    leave_group();
    remove_call_group();
    launch();
    return;
  }
  if (call_group_) {
    if (auto group = Group::open(*call_group_))
      end.memory_kill = group->memory_kills().value_or(0) > 0;
  } else if (has_grant_) {
    end.memory_kill = commons_.group.memory_kills().value_or(kills_before_) > kills_before_;
  }
  complete(judge(end));
}

void RunningBox::complete(Verdict verdict) {
  leave_group();
  report_.usage.wall_us =
      std::chrono::duration_cast<microseconds>(commons_.clock.monotonic() - began_).count();
  report_.usage.cpu_us = use_.cpu_us;
  report_.usage.peak_kib = std::max(use_.peak_kib, static_cast<std::int64_t>(peak_bytes_ / kKiB));
  if (call_.plan.command.kind != CommandKind::program) {
    const tools::ToolResult result = call_.plan.command.kind == CommandKind::shell
                                         ? shell_result(verdict)
                                         : function_result(verdict);
    report_.is_error = result.is_error == tools::ToolResult::IsError::yes;
    if (report_.content.empty()) report_.content = tools::to_content_json(result);
  }
  report_.verdict = std::move(verdict);
  done_ = true;
  status_.reset();
  answer_.reset();
  output_.reset();
}

void RunningBox::settle() {
  if (new_state_) (void)commons_.store.save_shell_state(*new_state_);
  new_state_.reset();
}

tools::ToolResult RunningBox::shell_result(const Verdict& verdict) {
  std::string notice = restore_ == Restore::dropped ? std::string(kStateDropped) : std::string();
  if (state_out_) {
    const std::string state = written_part(state_out_.get());
    if (tools::is_folder_gone(state)) notice = tools::kFolderGoneNotice;
    if (verdict.outcome == Outcome::finished) {
      // The next call gets it from memory; the file follows behind the answer.
      if (auto accepted = tools::accepted_state(state))
        new_state_ = commons_.shell_state = *std::move(accepted);
    }
  }
  collector_.finish();
  report_.output_file = collector_.file_name();
  return tools::bash_result({collector_.output(),
                             bash_outcome(verdict, call_.plan.limits, time_limit_),
                             collector_.file(), std::move(notice)});
}

// The answer is the box's own only when its process ended well and said something well-formed.
tools::ToolResult RunningBox::function_result(Verdict& verdict) {
  if (verdict.outcome == Outcome::finished) {
    auto answer = decode_answer(answer_bytes_);
    if (answer) {
      report_.content = std::move(answer->content);
      return {answer->is_error ? tools::ToolResult::IsError::yes : tools::ToolResult::IsError::no,
              {}};
    }
    verdict = {Outcome::setup_failed, 0, "tool: " + answer.error().message()};
  }
  return function_stopped(call_.plan.tool, verdict, call_.plan.limits);
}

}  // namespace glovebox::box
