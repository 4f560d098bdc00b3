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
#include "codec/utf8.h"
#include "ipc/wire.h"
#include "os/file.h"
#include "os/memfd.h"
#include "tools/bash_input.h"
#include "tools/shell_state.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kChunk = 64 * kKiB;
constexpr std::size_t kStateChunk = 16 * kKiB;
constexpr int kChunksAtOnce = 16;  // so that one box cannot keep the keeper from the others
constexpr std::size_t kMaxAnswer = ipc::kMaxBlob + kKiB;
// A killed process that is not gone by then hangs in the kernel.
constexpr seconds kGoneWithin{5};
constexpr std::size_t kShownOfName = 256;  // bytes
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

// What was written from the start on: up to the first NUL, which no state has.
std::string written_part(int memory_file) {
  std::string bytes;
  while (bytes.size() < kStateRoom) {
    const auto more = os::read_at(memory_file, bytes.size(), kStateChunk);
    if (!more || more->empty()) break;
    const std::size_t end = more->find('\0');
    bytes.append(*more, 0, end);
    if (end != more->npos) break;
  }
  return bytes;
}

}  // namespace

RunningBox::RunningBox(SessionCommons& commons, Call call)
    : commons_(commons),
      call_(std::move(call)),
      time_limit_(plan().limits.wall),
      collector_(commons_.store, plan().limits.output) {
  report_.ticket = call_.ticket;
}

void RunningBox::start(WaitingBoxes& waiting) {
  began_ = commons_.clock.monotonic();
  const CommandKind kind = plan().command.kind;
  if (kind == CommandKind::shell && !prepare_shell()) return;
  if (kind == CommandKind::function) command_ = plan().tool + '\n' + std::move(call_.input);
  deadline_ = began_ + time_limit_;
  const bool quiet = commons_.guests == 0 && !commons_.has_background;
  auto guarded = commons_.guard.begin(plan(), quiet ? Guests::none : Guests::run);
  swept_ = Swept::to_do;
  if (!guarded) {
    complete({Outcome::setup_failed, 0, "guard: " + guarded.error().message()});
    return;
  }
  guarded_ = *std::move(guarded);
  ++commons_.guests;
  has_guest_ = true;
  launch(&waiting);
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
  auto input = tools::bash_input(*json, plan().limits.wall);
  if (!input) return answer(input.error());
  if (input->start == tools::ShellStart::fresh) {
    (void)commons_.store.remove_shell_state();
    commons_.shell_state.emplace();
    commons_.shell_state_saved = true;
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

void RunningBox::launch(WaitingBoxes* waiting) {
  auto box = take_box(waiting);
  if (!box) {
    // A step of the keeper; those of the box report themselves.
    complete({Outcome::setup_failed, 0, box.error().message()});
    return;
  }
  ends_ = std::move(*box);
  report_.start = ends_.start == BoxStart::waiting ? BoxStart::waiting : BoxStart::with_its_call;
  const Duration now = commons_.clock.monotonic();
  pace_.begin(now);
  if (plan().command.kind == CommandKind::shell) restore_by_ = now + tools::kRestoreTimeLimit;
  commons_.disk.begin(plan().limits.disk, plan().ids);
  next_disk_ = now + commons_.disk.first_look(plan().limits.disk);
}

Result<BoxEnds> RunningBox::take_box(WaitingBoxes* waiting) {
  TRY(enter_group());
  if (waiting != nullptr) {
    if (auto box = waiting->take(*call_.known, guarded_, {state_, command_}))
      return std::move(*box);
  }
  const std::string& walls = call_.known->walls();
  const bool is_start_known = commons_.start_of(walls) != nullptr;
  const std::string state = commons_.state_for(walls, state_);
  const BoxCall call{state, command_,
                     is_start_known || plan().command.kind != CommandKind::shell
                         ? BoxStart::with_its_call
                         : BoxStart::telling};
  return ask_for_box(commons_, *call_.known, call, guarded_, std::move(call_.stdio));
}

// The session's groups, that is; one of its own is made with the box.
Result<void> RunningBox::enter_group() {
  const CgroupMode wanted = plan().cgroups;
  if (wanted != CgroupMode::v1 && wanted != CgroupMode::v2) return {};
  if (wanted != commons_.group_places.mode)
    return Error(ErrorKind::conflict, "group: the plan wants another one than the session has");
  if (wanted == CgroupMode::v2) return {};
  if (!has_grant_) {
    commons_.granted.memory += plan().limits.memory;
    commons_.granted.processes += plan().limits.processes + kInitProcesses;
    has_grant_ = true;
  }
  // Beside the calls that run there is always room for what earlier ones left, files in /tmp
  // included: as much as one call may use.
  if (keeps()) {
    commons_.kept.memory = std::max(commons_.kept.memory, plan().limits.memory);
    commons_.kept.processes = std::max(commons_.kept.processes, plan().limits.processes);
  }
  TRY_CONTEXT(commons_.set_group_limits(), "set group limits");
  kills_before_ = commons_.kills_seen ? *commons_.kills_seen
                                      : TRY_CONTEXT(commons_.count_kills(), "read group");
  return {};
}

// The call has no part in the session's limits any more.
void RunningBox::leave_group() {
  if (has_grant_) {
    commons_.granted.memory -= plan().limits.memory;
    commons_.granted.processes -= plan().limits.processes + kInitProcesses;
    has_grant_ = false;
  }
}

void RunningBox::made(UniqueFd pidfd) {
  ends_.made(std::move(pidfd));
  // Also one that has answered already: it has no business any more.
  if (decided_ || done_) ends_.kill();
}

void RunningBox::refused(std::string why) {
  ends_.session = nullptr;
  if (!done_) complete({Outcome::setup_failed, 0, std::move(why)});
  ends_.remove_group();
}

void RunningBox::gone(const os::ExitFacts& exit, std::uint32_t left) {
  const SessionInit* const session = std::exchange(ends_.session, nullptr);
  ends_.pidfd.reset();
  ends_.pid = 0;
  report_.background = left;
  // What lives on may run out of memory between calls.
  if (left > 0) {
    commons_.has_background = true;
    commons_.guard.has_left(plan());
  }
  if (!done_) finish(exit);
  if (ends_.session != nullptr) return;
  guest_gone();
  if (commons_.has_background) commons_.kills_seen.reset();
  if (keeps() && (left > 0 || ends_.output))
    left_ = LeftBehind{.session = session,
                       .use = {ends_.number, left, 0, 0},
                       .limits = plan().limits,
                       .ids = plan().ids,
                       .output = std::move(ends_.output),
                       .group = std::exchange(ends_.group, std::nullopt)};
  ends_.remove_group();
  // What it was granted is no longer there for others; where that cannot be now, the next call
  // will.
  if (plan().cgroups == CgroupMode::v1 && commons_.granted.memory > 0)
    commons_.lower_group_limits();
}

void RunningBox::lost() {
  read_pipes();
  gone({.signalled = true, .code = SIGKILL}, 0);
}

void RunningBox::add_polls(std::vector<os::Poll>& polls) const {
  for (const int fd :
       {ends_.status.get(), ends_.answer.get(), ends_.output.get(), ends_.told.get()}) {
    polls.push_back({.fd = fd});
  }
}

void RunningBox::after_poll(const os::Poll* polls) {
  if (polls[3].readable) hear_status();
  if (!polls[0].readable && !polls[1].readable && !polls[2].readable) return;
  read_pipes();
  if (done_ || restore_ == Restore::given_up || !read_status(ends_.status_text).ended) return;
  finish({});
  // It ends by itself now; a tool function that a hostile file took over might not.
  ends_.kill();
}

void RunningBox::read_pipes() {
  drain(ends_.status, kChunksAtOnce, [&](std::string_view bytes) {
    if (ends_.status_text.size() < kMaxStatusText) ends_.status_text += bytes;
  });
  drain(ends_.answer, kChunksAtOnce, [&](std::string_view bytes) {
    if (answer_bytes_.size() < kMaxAnswer) answer_bytes_ += bytes;
  });
  drain(ends_.output, kChunksAtOnce, [&](std::string_view bytes) { collector_.append(bytes); });
}

// Nobody believes it: the box must end as it says, and it is read as before until then. The pipe
// stays open: whoever writes to it once more, the shell itself when a guest did so first, must not
// be killed for that.
void RunningBox::hear_status() {
  std::string told;
  drain(ends_.told, 1, [&](std::string_view bytes) { told = bytes; });
  const auto status = tools::told_status(told);
  if (!status || told_ || decided_ || done_ || restore_ == Restore::given_up) return;
  read_pipes();
  if (collector_.file() || has_memory_kill()) return;
  told_ = status;
  told_at_ = commons_.clock.monotonic();
  RunReport answer;
  answer.ticket = call_.ticket;
  answer.verdict = {Outcome::finished, *status, {}};
  const tools::ToolResult result = shell_text(answer.verdict, state_told());
  answer.is_error = result.is_error == tools::ToolResult::IsError::yes;
  answer.content = tools::to_content_json(result);
  answer_ = std::move(answer);
}

bool RunningBox::take_started() {
  if (told_started_ || !read_status(ends_.status_text).started) return false;
  told_started_ = true;
  return true;
}

void RunningBox::decide(Verdict verdict) {
  if (done_ || ends_.session == nullptr) return;
  if (!decided_) decided_ = std::move(verdict);
  ends_.kill();
  if (!gone_by_) gone_by_ = commons_.clock.monotonic() + kGoneWithin;
}

void RunningBox::stop(Outcome outcome) {
  decide({outcome, 0, {}});
}

Duration RunningBox::next_look() const {
  if (done_) return Duration::max();
  if (gone_by_) return *gone_by_;
  Duration next = std::min(deadline_, next_disk_);
  if (!keeps()) next = std::min(next, pace_.next());
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
  if (!keeps() && now >= pace_.next()) watch_use(now);
  if (now >= next_disk_) {
    if (commons_.disk.look(plan().limits.disk, plan().ids) == DiskWatch::Verdict::too_much) {
      commons_.disk_is_full = true;
      decide({Outcome::disk_limit, 0, {}});
    }
    next_disk_ = commons_.clock.monotonic() + DiskWatch::kInterval;
  }
}

// A state can hold the shell up for ever; then the call is made without it.
void RunningBox::watch_restore(Duration now) {
  if (!restore_by_ || now < *restore_by_) return;
  restore_by_.reset();
  if (!ends_.pidfd || state_.empty() || tools::is_restored(state_told())) return;
  restore_ = Restore::given_up;
  ends_.kill();
}

void RunningBox::watch_use(Duration now) {
  limit_use(ends_.pid > 0 ? use_of_box(ends_.pid) : BoxUse{});
  const Duration after = commons_.clock.monotonic();
  pace_.looked(after, after - now);
}

void RunningBox::used(const BoxUse& use) {
  if (!done_ && !gone_by_) limit_use(use);
}

void RunningBox::limit_use(const BoxUse& use) {
  const PlannedLimits& limits = plan().limits;
  peak_bytes_ = std::max(peak_bytes_, use.memory);
  if (use.cpu > limits.cpu) decide({Outcome::cpu_limit, 0, {}});
  // The wall of version 1 is round all calls of the session together; each is watched as well.
  if (limits.memory_by == Enforced::watched || plan().cgroups == CgroupMode::v1) {
    if (use.memory > limits.memory) decide({Outcome::memory_limit, 0, {}});
  }
  if (limits.memory_by == Enforced::walled && plan().cgroups == CgroupMode::v1) {
    if (has_memory_kill()) decide({Outcome::memory_limit, 0, {}});
  }
}

void RunningBox::read_what_is_left() {
  // Background processes may go on writing; what the tool itself wrote is in the pipe by now, which
  // holds less than is read at once.
  if (keeps()) return read_pipes();
  while (ends_.status.valid() || ends_.answer.valid() || ends_.output.valid()) {
    const auto before =
        answer_bytes_.size() + collector_.output().total() + ends_.status_text.size();
    read_pipes();
    // Nothing came: whoever still holds the other end is no process of the tool's.
    if (before == answer_bytes_.size() + collector_.output().total() + ends_.status_text.size())
      break;
  }
}

// The tool and all that it started are gone, and maybe the box's first process too.
void RunningBox::finish(const os::ExitFacts& exit) {
  read_what_is_left();
  BoxEnd end{decided_, read_status(ends_.status_text), exit, false};
  const os::OwnUse use =
      end.reported.ended ? end.reported.use : os::OwnUse{exit.cpu_us, exit.peak_kib};
  use_.cpu_us += use.cpu_us;
  use_.peak_kib = std::max(use_.peak_kib, use.peak_kib);
  if (restore_ == Restore::given_up && !decided_) {
    if (tools::is_restored(state_told())) {
      // It came to the command after all, in the moment that it was given up: that ran in part.
      complete({Outcome::interrupted, 0, {}});
      return;
    }
    restore_ = Restore::dropped;
    state_.clear();
    return launch_anew();
  }
  // A shell that waited and ended before its call: of that nothing has run.
  const bool has_waited =
      ends_.start == BoxStart::waiting && plan().command.kind == CommandKind::shell;
  if (has_waited && !told_ && !decided_ && !tools::is_restored(state_told())) return launch_anew();
  Verdict verdict = judge(end);
  // A shell that told its status a moment ago was looked at then, nothing but its state was left to
  // be done; a function that was killed did not finish.
  constexpr milliseconds kMoment{50};
  const bool was_just_told =
      told_ == verdict.status && commons_.clock.monotonic() - told_at_ < kMoment;
  const bool is_known = verdict.outcome == Outcome::finished &&
                        (was_just_told || plan().command.kind == CommandKind::function);
  if (!is_known && has_memory_kill()) {
    end.memory_kill = true;
    verdict = judge(end);
  }
  complete(std::move(verdict));
}

void RunningBox::launch_anew() {
  told_.reset();
  leave_group();
  ends_.remove_group();
  launch(nullptr);
}

// Of a process of the session's (version 1) or of the call's own.
bool RunningBox::has_memory_kill() {
  if (ends_.group) {
    const auto group = Group::open(*ends_.group);
    return group && group->memory_kills().value_or(0) > 0;
  }
  return has_grant_ && commons_.count_kills().value_or(kills_before_) > kills_before_;
}

void RunningBox::guest_gone() {
  if (!std::exchange(has_guest_, false)) return;
  if (--commons_.guests == 0 && !commons_.has_background) commons_.guard.rest();
}

// Before the answer goes: whatever comes after it may find what this call left.
void RunningBox::sweep() {
  if (swept_ != Swept::to_do) return;
  swept_ = Swept::done;
  report_.guard = commons_.guard.end(plan());
}

// What a file tool made is not there any more; a shell's answer begins with a notice.
void RunningBox::deny_swept() {
  if (report_.guard.names.empty()) return;
  const std::string& rule = report_.guard.names.front().rule;
  report_.is_error = true;
  report_.content =
      tools::to_content_json(tools::error_result(tools::denied_text(plan().tool, rule)));
}

std::string RunningBox::notice() const {
  std::string lines;
  if (restore_ == Restore::dropped) lines = kStateDropped;
  if (report_.guard.names.empty()) return lines;
  std::string names;
  for (const SweptName& name : report_.guard.names) {
    if (!names.empty()) names += ", ";
    names += codec::visible_text(name.path.substr(0, kShownOfName));
  }
  if (report_.guard.more > 0) names += std::format(" and {} more", report_.guard.more);
  if (!lines.empty()) lines += '\n';
  return lines + std::format(
                     "[the policy guards these names, what was made there has been taken "
                     "away: {}]",
                     names);
}

void RunningBox::complete(Verdict verdict) {
  leave_group();
  sweep();
  // In keep mode something of the call may live on: see gone().
  if (!keeps() || ends_.session == nullptr) guest_gone();
  report_.usage.wall_us =
      std::chrono::duration_cast<microseconds>(commons_.clock.monotonic() - began_).count();
  report_.usage.cpu_us = use_.cpu_us;
  report_.usage.peak_kib = std::max(use_.peak_kib, static_cast<std::int64_t>(peak_bytes_ / kKiB));
  if (plan().command.kind != CommandKind::program) {
    const tools::ToolResult result = plan().command.kind == CommandKind::shell
                                         ? shell_result(verdict)
                                         : function_result(verdict);
    report_.is_error = result.is_error == tools::ToolResult::IsError::yes;
    if (report_.content.empty()) report_.content = tools::to_content_json(result);
    if (plan().command.kind == CommandKind::function) deny_swept();
  }
  report_.verdict = std::move(verdict);
  done_ = true;
  ends_.status.reset();
  ends_.answer.reset();
  ends_.told.reset();
  // In keep mode background processes may still write to it: see gone().
  if (!keeps() || ends_.session != nullptr) ends_.output.reset();
}

std::optional<LeftBehind> RunningBox::take_left() {
  return std::exchange(left_, std::nullopt);
}

// Without what a shell that waited told before its call.
std::string RunningBox::state_told() const {
  std::string bytes = written_part(ends_.state_out.get());
  if (ends_.start == BoxStart::with_its_call) return bytes;
  const auto start = tools::told_at_start(bytes);
  return start ? bytes.substr(start->size() + tools::kWaitingMark.size()) : std::string();
}

tools::ToolResult RunningBox::shell_text(const Verdict& verdict, std::string_view state) const {
  std::string lines = notice();
  if (tools::is_folder_gone(state))
    lines = lines.empty() ? std::string(tools::kFolderGoneNotice)
                          : std::format("{}\n{}", tools::kFolderGoneNotice, lines);
  return tools::bash_result({collector_.output(), bash_outcome(verdict, plan().limits, time_limit_),
                             collector_.file(), std::move(lines)});
}

tools::ToolResult RunningBox::shell_result(const Verdict& verdict) {
  const std::string state = ends_.state_out ? state_told() : std::string();
  if (verdict.outcome == Outcome::finished) {
    // The next call gets it from memory; the file follows behind the answer.
    if (auto accepted = tools::accepted_state(state)) {
      commons_.set_shell_state(*std::move(accepted));
      if (ends_.start == BoxStart::telling)
        commons_.note_start(call_.known->walls(), written_part(ends_.state_out.get()));
    }
  }
  collector_.finish();
  report_.output_file = collector_.file_name();
  return shell_text(verdict, state);
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
  return function_stopped(plan().tool, verdict, plan().limits);
}

}  // namespace glovebox::box
