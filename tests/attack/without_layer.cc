// A box that lacks named walls, for the controls of the attack suite: an attempt that is refused in
// a whole box must get through when the walls that stop it are gone. A plan is data, so a test may
// take something out of it; the product has no such switch.
//
//     without_layer POLICY WORKDIR SCRATCH WALL,WALL… PROGRAM ARGUMENT…
//
// WALL is the name of a layer (src/box/layer.h, `-` for a blank) or one of
//   keeper       what the keeper's own process passes on: its filter, its Landlock scopes, the bit
//                that forbids new privileges. The box is then made by this process.
//   read-only    the policy's read-only mounts become writable
//   masks        what the policy hides is seen
//   quotas       twice the bytes and files in /tmp and /dev/shm
//   environment  the caller's variables are added
// The workspace's owner is the id of the box. An ordinary user can make no other namespace without
// one for users, so all are gone with it. Exit status: as `glovebox exec`; 125 when the box could
// not be made.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <format>
#include <optional>
#include <print>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "box/host.h"
#include "box/host_view.h"
#include "box/keeper.h"
#include "box/keeper_wire.h"
#include "box/plan.h"
#include "box/running_box.h"
#include "box/session_store.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "policy/load.h"
#include "seccomp/filter.h"

extern char** environ;

namespace glovebox::box {
namespace {

constexpr int kTimedOut = 124;
constexpr int kNotMade = 125;
constexpr int kSignal = 128;
constexpr int kKill = 9;
// What a careless library could leave open in the process that makes boxes: the host's root.
constexpr int kLeak = 99;

struct Order {
  std::string policy, workdir, scratch, walls;
  std::vector<std::string> program;

  bool lacks(std::string_view wall) const {
    for (std::string_view rest = walls; !rest.empty();) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      if (rest.substr(0, end) == wall) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  }
};

void leak_the_root() {
  auto root = os::open_path("/", O_RDONLY | O_DIRECTORY);
  if (root) (void)os::place_fd(root->get(), kLeak);
}

void take_out_layers(BoxPlan& plan, const Order& order) {
  for (const Layer layer : kAllLayers) {
    std::string name(to_string(layer));
    std::ranges::replace(name, ' ', '-');
    if (order.lacks(name)) plan.layers = plan.layers.without(layer);
  }
  if (plan.layers.has(Layer::user_namespace)) return;
  plan.layers = plan.layers.without(Layer::no_nested_namespaces).without(Layer::own_user_namespace);
  if (os::effective_uid() == 0) return;
  for (const Layer layer :
       {Layer::mount_namespace, Layer::pid_namespace, Layer::network_namespace,
        Layer::ipc_namespace, Layer::uts_namespace, Layer::cgroup_namespace, Layer::identity})
    plan.layers = plan.layers.without(layer);
}

void take_out_details(BoxPlan& plan, const policy::Profile& profile, const Order& order) {
  if (order.lacks("masks"))
    std::erase_if(plan.mounts, [](const auto& entry) { return entry.kind == MountKind::mask; });
  if (order.lacks("quotas")) {
    for (MountEntry& entry : plan.mounts) {
      entry.size *= 2;
      entry.inodes *= 2;
    }
  }
  if (order.lacks("read-only")) {
    for (MountEntry& entry : plan.mounts) {
      const auto is_it = [&](const auto& mount) { return mount.at == entry.at; };
      if (std::ranges::any_of(profile.mounts, is_it)) entry.access = Access::read_write;
    }
  }
  if (!order.lacks("environment")) return;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t end = text.find('=');
    if (end != std::string_view::npos)
      plan.environment.emplace_back(text.substr(0, end), text.substr(end + 1));
  }
}

Result<BoxPlan> plan_for(const Order& order, const HostFacts& host) {
  const auto loaded = policy::load(order.policy, TRY(os::read_file(order.policy, kMiB)));
  if (!loaded.policy) return Error(ErrorKind::invalid, "the policy is not valid");
  const auto decision = loaded.policy->decide("local", "local", "bash");
  if (decision.profile == nullptr) return Error(ErrorKind::denied, "no profile for bash");
  const os::FileFacts owner = TRY(os::facts_of_path(order.workdir));
  CallFacts call;
  call.tool = "bash";
  call.kind = CommandKind::program;
  call.argv = order.program;
  call.host_workdir = order.workdir;
  call.ids.outside_uid = owner.uid;
  call.ids.outside_gid = owner.gid;
  const std::string_view syscalls = decision.profile->syscalls;
  auto filter = TRY(seccomp::compile_builtin(syscalls.substr(syscalls.find(':') + 1)));
  BoxPlan plan = TRY(make_plan(*decision.profile, call, host, KernelHostView(),
                               {filter.name, filter.program, filter.digest}));
  take_out_layers(plan, order);
  take_out_details(plan, *decision.profile, order);
  return plan;
}

int status_of(const RunReport& report) {
  switch (report.verdict.outcome) {
    case Outcome::finished:
      return report.verdict.status;
    case Outcome::signalled:
      return kSignal + report.verdict.status;
    case Outcome::timed_out:
      return kTimedOut;
    case Outcome::memory_limit:
    case Outcome::cpu_limit:
    case Outcome::disk_limit:
      return kSignal + kKill;
    default:
      std::println("{}: {}", to_string(report.verdict.outcome), report.verdict.detail);
      return kNotMade;
  }
}

struct Session {
  SessionPlaces places;
  SessionStore store;
};

Result<Session> open_session(const Order& order) {
  const auto scratch = TRY(os::open_path(order.scratch, O_RDONLY | O_DIRECTORY));
  return Session{{order.workdir, order.scratch + "/s/outputs"},
                 TRY(SessionStore::open(scratch.get(), "s"))};
}

// By a keeper, as the product does it.
Result<RunReport> run_by_keeper(BoxPlan plan, const HostFacts& host, Session session) {
  const UniqueFd self = TRY(os::open_own_executable());
  const UniqueFd null = TRY(os::open_path("/dev/null", O_RDWR));
  KeeperLaunch launch;
  launch.executable = self.get();
  launch.session = "s";
  launch.places = session.places;
  launch.store_fd = session.store.fd();
  launch.host = host;
  launch.filter = TRY(seccomp::compile_builtin("role-keeper")).program;
  Keeper keeper = TRY(Keeper::start(launch));
  RunRequest request;
  request.ticket = 1;
  request.plan = KnownPlan::of(std::move(plan));
  request.stdio = {null.get(), STDOUT_FILENO, STDOUT_FILENO};
  TRY(keeper.run(request));
  for (;;) {
    auto event = TRY(keeper.receive());
    if (!event) return Error(ErrorKind::closed, "the keeper is gone");
    if (event->kind == KeeperEvent::Kind::done) return std::move(event->report);
  }
}

void hear(RunningBox& box, std::optional<SessionEvent> event) {
  if (!event) return box.lost();
  switch (event->kind) {
    case SessionEvent::Kind::made:
      return box.made(std::move(event->pidfd));
    case SessionEvent::Kind::gone:
      return box.gone(event->exit, event->left);
    case SessionEvent::Kind::listens:
    case SessionEvent::Kind::network:  // closed here: the kernel refuses what is reported
    case SessionEvent::Kind::counted:
      return;
    case SessionEvent::Kind::refused:
    case SessionEvent::Kind::session_refused:
      return box.refused(std::move(event->why));
  }
}

// By this process, which has put nothing on.
Result<RunReport> run_here(BoxPlan plan, Session session) {
  leak_the_root();
  SessionGuard guard(session.places, session.store.fd());
  SessionCommons commons{
      session.places,  std::move(session.store), {}, {}, DiskWatch(session.places.workspace),
      std::move(guard)};
  WaitingBoxes none(commons);
  RunningBox::Call call{1, KnownPlan::of(std::move(plan)), {}, {}};
  call.stdio[0] = TRY(os::open_path("/dev/null", O_RDWR));
  call.stdio[1] = TRY(os::duplicate(STDOUT_FILENO));
  call.stdio[2] = TRY(os::duplicate(STDOUT_FILENO));
  RunningBox box(commons, std::move(call));
  box.start(none);
  while (!box.is_done() || box.lingers()) {
    std::vector<os::Poll> polls = {{.fd = box.lingers() ? box.session()->fd() : -1}};
    box.add_polls(polls);
    TRY(os::poll_fds(polls, milliseconds(50)));
    box.after_poll(&polls[1]);
    if (polls[0].readable) hear(box, TRY(box.session()->receive()));
    if (commons.clock.monotonic() >= box.next_look()) box.look(commons.clock.monotonic());
  }
  return box.report();
}

Result<int> run(const Order& order) {
  HostFacts host = TRY(probe_host());
  host.cgroups = CgroupMode::none;
  BoxPlan plan = TRY(plan_for(order, host));
  Session session = TRY(open_session(order));
  return status_of(TRY(order.lacks("keeper")
                           ? run_here(std::move(plan), std::move(session))
                           : run_by_keeper(std::move(plan), host, std::move(session))));
}

}  // namespace
}  // namespace glovebox::box

int main(int argc, char** argv) {
  using namespace glovebox::box;
  if (argc == 1 && argv[0] == kKeeperName) {
    leak_the_root();
    run_keeper(glovebox::UniqueFd(kKeeperFd));
  }
  if (argc < 6) {
    std::println(stderr, "usage: without_layer POLICY WORKDIR SCRATCH WALL,WALL… PROGRAM…");
    return kNotMade;
  }
  const auto status = run({argv[1], argv[2], argv[3], argv[4], {argv + 5, argv + argc}});
  if (!status) std::println("not made: {}", status.error().message());
  return status.value_or(kNotMade);
}
