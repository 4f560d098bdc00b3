#include "box/box_ends.h"

#include <csignal>
#include <format>
#include <utility>

#include "box/box_fds.h"
#include "os/file.h"
#include "os/memfd.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

// Of a pipe that a process of the box opens again by its name.
constexpr unsigned kForEverybody = 0444;

// The kernel counts the pages of all pipes of a user; what needs one has one.
enum class Room : std::uint8_t { page, ample };

Result<os::Pipe> make_pipe(Room room) {
  auto pipe = TRY(os::make_pipe());
  if (room == Room::page) TRY(os::set_pipe_size(pipe.writer.get(), kMostToShell));
  return pipe;
}

Result<void> pipe_from_box(UniqueFd& here, UniqueFd& there, Room room) {
  auto pipe = TRY(make_pipe(room));
  TRY(os::set_blocking(pipe.reader.get(), false));
  here = std::move(pipe.reader);
  there = std::move(pipe.writer);
  return {};
}

Result<void> pipe_to_box(UniqueFd& here, UniqueFd& there, Room room) {
  auto pipe = TRY(make_pipe(room));
  TRY(os::change_mode(pipe.reader.get(), kForEverybody));
  TRY(os::set_blocking(pipe.writer.get(), false));
  here = std::move(pipe.writer);
  there = std::move(pipe.reader);
  return {};
}

// What a box is told at once comes as it does when it is told late, if it fits.
Result<UniqueFd> text_to_box(const char* name, std::string_view text) {
  if (text.size() > kMostToShell) return os::sealed_memfd(name, text);
  UniqueFd here, there;
  TRY(pipe_to_box(here, there, Room::page));
  TRY(os::write_all(here.get(), text));
  return there;
}

Result<void> make_pipes(BoxEnds& ends, BoxFds& side, const BoxPlan& plan,
                        const std::optional<BoxCall>& call) {
  TRY(pipe_from_box(ends.status, side.status, Room::page));
  const CommandKind kind = plan.command.kind;
  if (kind == CommandKind::program) return {};
  if (call) {
    side.command = TRY(text_to_box("command", call->command));
  } else {
    TRY(pipe_to_box(ends.command, side.command,
                    kind == CommandKind::shell ? Room::page : Room::ample));
  }
  if (kind == CommandKind::function) return pipe_from_box(ends.answer, side.answer, Room::ample);
  TRY(pipe_from_box(ends.output, side.output, Room::ample));
  TRY(pipe_from_box(ends.told, side.told, Room::page));
  if (call) {
    side.state_in = TRY(text_to_box("state", call->state));
  } else {
    TRY(pipe_to_box(ends.state_in, side.state_in, Room::page));
  }
  // Of a fixed size: what a guest writes there cannot grow beyond what is read from it.
  ends.state_out = TRY(os::fixed_memfd("state", kStateRoom));
  side.state_out = TRY(os::duplicate(ends.state_out.get()));
  return {};
}

// Version 2: the box is born in a group of its own.
Result<UniqueFd> make_own_group(BoxEnds& ends, const SessionCommons& commons,
                                const PlannedLimits& limits) {
  ends.group = TRY_CONTEXT(make_group(commons.group_places, std::format("call-{}", ends.number)),
                           "make group");
  const Group group = TRY_CONTEXT(Group::open(*ends.group), "open group");
  TRY(group.set_limits({limits.memory, limits.processes + kInitProcesses}));
  return os::duplicate(group.fd());
}

Result<void> ask(BoxEnds& ends, SessionCommons& commons, const KnownPlan& known,
                 const std::optional<BoxCall>& call, std::array<UniqueFd, 3> stdio) {
  const BoxPlan& plan = known.plan();
  BoxFds side;
  TRY_CONTEXT(make_pipes(ends, side, plan, call), "make pipes");
  side.stdio = std::move(stdio);
  if (plan.cgroups == CgroupMode::v2) side.group = TRY(make_own_group(ends, commons, plan.limits));
  const SessionInit* const session = TRY(commons.roots.of(known, commons.places));
  auto asked =
      session->make_box({ends.number, ends.start, known.bytes(), ends.guarded}, side.list(plan));
  // One that is gone already has left word why, which is read next.
  if (!asked && asked.error().kind() != ErrorKind::closed)
    return std::move(asked).error().with_context("ask for the box");
  ends.session = session;
  return {};
}

}  // namespace

void BoxEnds::made(UniqueFd process) {
  pidfd = std::move(process);
  pid = os::pid_behind(pidfd.get()).value_or(0);
}

void BoxEnds::kill() const {
  // In keep mode what it started is not below its first process.
  if (background == Background::keep) {
    if (session != nullptr) session->end_call(number);
    return;
  }
  if (pidfd) (void)os::signal_through(pidfd.get(), SIGKILL);
}

void BoxEnds::remove_group() {
  if (group) (void)box::remove_group(*group);
  group.reset();
}

Result<BoxEnds> ask_for_box(SessionCommons& commons, const KnownPlan& known,
                            const std::optional<BoxCall>& call, std::string guarded,
                            std::array<UniqueFd, 3> stdio) {
  const BoxPlan& plan = known.plan();
  if (plan.layers.has(Layer::seccomp) && plan.filter.empty())
    return Error(ErrorKind::invalid, "seccomp: the plan has no filter");
  if (plan.command.kind == CommandKind::program && plan.command.argv.empty())
    return Error(ErrorKind::invalid, "start: no program is named");
  BoxEnds ends;
  ends.number = ++commons.last_box;
  ends.guarded = std::move(guarded);
  ends.background = plan.background;
  ends.start = call ? call->start : BoxStart::waiting;
  if (auto asked = ask(ends, commons, known, call, std::move(stdio)); !asked) {
    ends.remove_group();
    return std::move(asked).error();
  }
  return ends;
}

}  // namespace glovebox::box
