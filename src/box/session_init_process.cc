// The body of the first process of a session's namespaces: makes the session's walls, then one loop
// over the keeper's requests and the ends of boxes.
#include <fcntl.h>

#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "box/box_fds.h"
#include "box/init.h"
#include "box/kept_calls.h"
#include "box/known_plan.h"
#include "box/namespaces.h"
#include "box/session_init.h"
#include "box/session_wire.h"
#include "box/setup.h"
#include "os/file.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

constexpr int kFine = 0;
constexpr int kBroken = 70;
constexpr milliseconds kForEver{-1};

// What keeping calls takes: their list, and word of every process that ends here.
struct Keeping {
  KeptCalls calls;
  UniqueFd ends;  // a signalfd
};

Result<std::optional<Keeping>> begin_keeping(const BoxPlan& plan) {
  if (plan.background == Background::kill) return std::optional<Keeping>{};
  UniqueFd proc;
  // Without these (only tests plan that) /proc is the host's, or calls cannot be told apart.
  if (plan.layers.has(Layer::pid_namespace) && plan.layers.has(Layer::mount_namespace))
    proc = TRY(os::open_path("/proc", O_RDONLY | O_DIRECTORY));
  UniqueFd ends = TRY(os::open_signals({SIGCHLD}));
  return std::optional<Keeping>(Keeping{KeptCalls(std::move(proc)), std::move(ends)});
}

class SessionLoop {
 public:
  SessionLoop(const SessionPlaces& places, ipc::Channel keeper, UniqueFd host_proc,
              std::optional<Keeping> keeping)
      : places_(places),
        keeper_(std::move(keeper)),
        host_proc_(std::move(host_proc)),
        keeping_(std::move(keeping)) {}

  // Until the keeper closes the channel.
  Result<void> run() {
    for (;;) {
      std::vector<os::Poll> polls = {{.fd = keeper_.fd()}};
      for (const Box& box : boxes_) polls.push_back({.fd = box.process.pidfd()});
      if (keeping_) polls.push_back({.fd = keeping_->ends.get()});
      TRY(os::poll_fds(polls, keeping_ ? keeping_->calls.patience() : kForEver));
      for (std::size_t i = 0; i < boxes_.size(); ++i) {
        if (polls[i + 1].readable) TRY(reap(boxes_[i]));
      }
      std::erase_if(boxes_, [](const Box& box) { return !box.process.running(); });
      if (polls.front().readable && !TRY(take_message())) return {};
      if (keeping_) TRY(keep());
    }
  }

 private:
  struct Box {
    std::uint64_t number;
    os::Process process;
  };

  Result<void> reap(Box& box) {
    const auto exit = TRY(box.process.reap(os::Process::Wait::no));
    if (!exit) return {};
    return keeper_.send(BoxGone::kType, BoxGone{box.number, *exit, 0}.encode());
  }

  // Whatever woke the loop: it costs one call when nothing has ended.
  Result<void> keep() {
    while (TRY(os::read_signal(keeping_->ends.get()))) {
    }
    for (const BoxGone& gone : keeping_->calls.step())
      TRY(keeper_.send(BoxGone::kType, gone.encode()));
    keeping_->calls.let_go();
    if (keeping_->calls.is_hopeless()) return Error(ErrorKind::limit, "a call does not end");
    return {};
  }

  // False: the keeper is gone.
  Result<bool> take_message() {
    auto envelope = TRY(keeper_.receive());
    if (!envelope) return false;
    if (keeping_ && envelope->type == EndCall::kType) {
      keeping_->calls.end(TRY(EndCall::decode(envelope->body)).number);
      return true;
    }
    if (keeping_ && envelope->type == TakeCensus::kType) {
      TRY(keeper_.send(Census::kType, keeping_->calls.census().encode()));
      return true;
    }
    if (envelope->type != MakeBox::kType)
      return Error(ErrorKind::protocol, "session: unknown message");
    const auto request = TRY(MakeBox::decode(envelope->body));
    const PlanPtr known = TRY(plans_.of(request.plan));
    auto fds = TRY(BoxFds::take(known->plan(), std::move(envelope->fds)));
    GuardedNames guarded;
    if (!request.guarded.empty()) guarded = TRY(decode_guarded(request.guarded));
    auto made = make(request, known->plan(), std::move(guarded), std::move(fds));
    if (made) return true;
    TRY(keeper_.send(BoxRefused::kType,
                     BoxRefused{request.number, failure_text("start", made.error())}.encode()));
    return true;
  }

  Result<void> make(const MakeBox& request, const BoxPlan& plan, GuardedNames guarded, BoxFds fds) {
    const int group = fds.group.get();
    InitWork work{
        plan,           places_,          request.number, request.start, std::move(guarded),
        std::move(fds), host_proc_.get(), keeper_.fd()};
    auto process = TRY(os::fork_into(call_namespaces(plan), [&] { return run_init(work); }, group));
    TRY(keeper_.send(BoxMade::kType, BoxMade{request.number}.encode(), {process.pidfd()}));
    if (keeping_)
      keeping_->calls.add(request.number, std::move(process));
    else
      boxes_.push_back({request.number, std::move(process)});
    return {};
  }

  const SessionPlaces& places_;
  ipc::Channel keeper_;
  UniqueFd host_proc_;  // the host's /proc, for id maps and the limit of nested namespaces
  KnownPlans plans_;
  std::vector<Box> boxes_;  // in kill mode
  std::optional<Keeping> keeping_;
};

// The keeper's standard descriptors are the host's.
Result<void> silence_standard_streams() {
  const UniqueFd null = TRY(os::open_path("/dev/null", O_RDWR));
  for (int number = 0; number < 3; ++number) TRY(os::place_fd(null.get(), number));
  return {};
}

// Ids are mapped; the keeper lives. EOF: it does not.
Result<void> wait_for_go(const UniqueFd& go) {
  char byte = 0;
  if (TRY(os::read_some(go.get(), &byte, 1)) != 1)
    return Error(ErrorKind::closed, "the keeper is gone");
  return {};
}

}  // namespace

int run_session_init(const BoxPlan& plan, const SessionPlaces& places, ipc::Channel keeper,
                     UniqueFd go) {
  os::set_process_name("gb-session");
  os::hide_command_line();
  const auto refuse = [&](std::string why) {
    (void)keeper.send(SessionRefused::kType, SessionRefused{std::move(why)}.encode());
    return kBroken;
  };
  if (auto done = silence_standard_streams(); !done)
    return refuse(failure_text("silence standard streams", done.error()));
  if (auto done = wait_for_go(go); !done) return refuse(failure_text("map ids", done.error()));
  Site site(plan, places);
  auto host_proc = os::open_path("/proc", O_PATH | O_DIRECTORY);
  if (!host_proc) return refuse(failure_text("open /proc", host_proc.error()));
  site.kept = {keeper.fd(), host_proc->get()};
  site.keeper = keeper.fd();
  if (auto failed = build_session(site)) return refuse(*failed);
  // The signal for the keeper's death was asked for after that of its life was seen: look again.
  if (os::has_hung_up(keeper.fd())) return kBroken;
  auto keeping = begin_keeping(plan);
  if (!keeping) return refuse(failure_text("keep calls", keeping.error()));
  const auto done =
      SessionLoop(places, std::move(keeper), std::move(*host_proc), std::move(*keeping)).run();
  return done || done.error().kind() == ErrorKind::closed ? kFine : kBroken;
}

}  // namespace glovebox::box
