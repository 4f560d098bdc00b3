// The body of the keeper process: one poll loop over the boxer and the boxes.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "box/keeper.h"
#include "box/keeper_wire.h"
#include "box/known_networks.h"
#include "box/known_plan.h"
#include "box/refused_calls.h"
#include "box/running_box.h"
#include "box/waiting_boxes.h"
#include "os/landlock.h"
#include "os/limits.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

constexpr int kFine = 0;
constexpr int kBroken = 70;
constexpr std::size_t kPollsOfABox = 4;
// The answer is on its way first: it has further to go.
constexpr milliseconds kAfterAnswer{1};

class KeeperLoop {
 public:
  KeeperLoop(ipc::Channel channel, SessionCommons& commons, Ahead ahead)
      : channel_(std::move(channel)),
        commons_(commons),
        ahead_(ahead),
        waiting_(commons),
        refused_(commons.clock),
        background_(commons.store, commons.disk, commons.clock) {}

  // Until the boxer closes the channel, or something breaks.
  Result<void> run() {
    while (true) {
      const std::vector<const SessionInit*> sessions = commons_.roots.all();
      std::vector<os::Poll> polls = {{.fd = channel_.fd()}};
      for (const SessionInit* session : sessions) polls.push_back({.fd = session->fd()});
      for (const Slot& slot : slots_) slot.box->add_polls(polls);
      background_.add_polls(polls);
      const std::size_t listeners = polls.size();
      refused_.add_polls(polls);
      TRY(os::poll_fds(polls, patience()));
      // First of all, while it is still known whose they are: of a call that ends now everything
      // that it was refused is told before its end is.
      refused_.after_poll(
          polls.data() + listeners,
          [this](const SessionInit* session, std::uint64_t box) { return owner_of(session, box); });
      // Only what was polled: a message below may add a box, a box a session.
      const os::Poll* const of_boxes = polls.data() + 1 + sessions.size();
      for (std::size_t i = 0; i < slots_.size(); ++i)
        slots_[i].box->after_poll(of_boxes + i * kPollsOfABox);
      background_.after_poll(of_boxes + slots_.size() * kPollsOfABox);
      for (std::size_t i = 0; i < sessions.size(); ++i) {
        if (polls[1 + i].readable) take_event(sessions[i]);
      }
      const Duration now = commons_.clock.monotonic();
      for (const Slot& slot : slots_) {
        if (now >= slot.box->next_look()) slot.box->look(now);
      }
      waiting_.look(now);
      if (now >= tidy_at_) tidy_up();
      background_.look(counted_sessions());
      // Nobody can tell who wrote.
      if (std::exchange(commons_.disk_is_full, false)) background_.end_all();
      if (polls.front().readable && !TRY(take_message())) {
        commons_.save_shell_state();
        return part();
      }
      TRY(tell());
    }
  }

 private:
  struct Slot {
    std::unique_ptr<RunningBox> box;
    bool reported = false;
    std::uint64_t network = 0;  // KnownNetworks; 0: loopback only
  };

  milliseconds patience() {
    Duration next = background_.next_look(counted_sessions());
    for (const Slot& slot : slots_) next = std::min(next, slot.box->next_look());
    next = std::min({next, waiting_.next_look(), refused_.next_look(), tidy_at_});
    if (next == Duration::max()) return milliseconds(-1);
    const Duration left = next - commons_.clock.monotonic();
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
  }

  RefusedCalls::Owner owner_of(const SessionInit* session, std::uint64_t box) const {
    for (const Slot& slot : slots_) {
      if (slot.box->session() == session && slot.box->number() == box)
        return {slot.box->ticket(), slot.box->known(), slot.reported};
    }
    return {0, waiting_.plan_of(session, box), false};
  }

  // In keep mode it is these that count what their calls use.
  std::vector<const SessionInit*> counted_sessions() const {
    std::vector<const SessionInit*> sessions;
    for (const Slot& slot : slots_)
      if (slot.box->keeps() && slot.box->lingers()) sessions.push_back(slot.box->session());
    return sessions;
  }

  void take_census(const SessionInit* session, const Census& census) {
    std::vector<std::uint64_t> running;
    for (const Slot& slot : slots_) {
      if (slot.box->session() != session) continue;
      running.push_back(slot.box->number());
      const auto use = std::ranges::find(census.calls, slot.box->number(), &Census::Use::number);
      if (use == census.calls.end()) continue;
      const auto cpu = std::chrono::duration_cast<milliseconds>(microseconds(use->cpu_us));
      slot.box->used({use->memory, cpu});
    }
    background_.counted(session, census, running);
  }

  // The boxer may want to know; it may also be gone.
  Result<void> part() {
    (void)tell_refused(refused_.take_all());
    (void)channel_.send(KeeperEnded::kType, KeeperEnded{background_.processes()}.encode());
    return {};
  }

  // What the first process of a session's namespaces tells about its boxes.
  void take_event(const SessionInit* session) {
    auto event = session->receive();
    if (!event || !*event || (*event)->kind == SessionEvent::Kind::session_refused) {
      // Out of the way first: a call that is tried once more must not find it. That it ends here
      // is waited for before anything is reported of its boxes.
      const auto root = commons_.roots.take(session);
      waiting_.lost(session);
      refused_.lost(session);
      background_.lost(session);
      close(networks_.lost(session));
      for (const Slot& slot : slots_) {
        if (slot.box->session() != session) continue;
        if (event && *event) {
          slot.box->refused((*event)->why);
        } else {
          slot.box->lost();
        }
      }
      return;
    }
    if ((*event)->kind == SessionEvent::Kind::counted)
      return take_census(session, (*event)->census);
    if ((*event)->kind == SessionEvent::Kind::listens)
      return refused_.listen(session, (*event)->number, std::move((*event)->listener));
    if ((*event)->kind == SessionEvent::Kind::network) return open_network(session, **event);
    if ((*event)->kind == SessionEvent::Kind::gone || (*event)->kind == SessionEvent::Kind::refused)
      close(networks_.gone(session, (*event)->number));
    if (waiting_.hear(session, **event)) return;
    for (const Slot& slot : slots_) {
      if (slot.box->session() != session || slot.box->number() != (*event)->number) continue;
      switch ((*event)->kind) {
        case SessionEvent::Kind::made:
          slot.box->made(std::move((*event)->pidfd));
          return;
        case SessionEvent::Kind::refused:
          slot.box->refused(std::move((*event)->why));
          return;
        case SessionEvent::Kind::gone:
          slot.box->gone((*event)->exit, (*event)->left);
          return;
        case SessionEvent::Kind::listens:
        case SessionEvent::Kind::network:
        case SessionEvent::Kind::counted:
        case SessionEvent::Kind::session_refused:
          return;
      }
    }
  }

  // The boxer that cannot be told is gone, which the next look at its channel shows.
  void open_network(const SessionInit* session, SessionEvent& event) {
    NetworkOpened opened;
    opened.network = networks_.add(session, event.network.number);
    const std::uint64_t box = event.network.number;
    for (Slot& slot : slots_)
      if (slot.box->session() == session && (box == 0 || slot.box->number() == box))
        slot.network = opened.network;
    opened.shared = box == 0;
    opened.profile = std::move(event.network.profile);
    opened.egress = std::move(event.network.egress);
    std::vector<int> fds;
    for (const UniqueFd& socket : event.sockets) fds.push_back(socket.get());
    (void)channel_.send(NetworkOpened::kType, opened.encode(), fds);
  }
  // Told behind what is to be told of the calls in them.
  void close(const std::vector<std::uint64_t>& networks) {
    closing_.insert(closing_.end(), networks.begin(), networks.end());
  }

  // False: the boxer is gone, or has ended the session.
  Result<bool> take_message() {
    auto envelope = TRY(channel_.receive());
    if (!envelope) return false;
    switch (envelope->type) {
      case RunBox::kType:
        TRY(begin(TRY(RunBox::decode(envelope->body)), std::move(*envelope)));
        return true;
      case PrepareBox::kType:
        if (ahead_ == Ahead::none) return Error(ErrorKind::protocol, "keeper: unknown message");
        waiting_.prepare(TRY(plans_.of(TRY(PrepareBox::decode(envelope->body)).plan)));
        return true;
      case StopBox::kType: {
        const auto stop = TRY(StopBox::decode(envelope->body));
        for (const Slot& slot : slots_) {
          if (slot.box->ticket() == stop.ticket)
            slot.box->stop(stop.reason == StopReason::cancelled ? Outcome::cancelled
                                                                : Outcome::shutting_down);
        }
        return true;
      }
      default:
        return Error(ErrorKind::protocol, "keeper: unknown message");
    }
  }

  Result<void> begin(RunBox message, ipc::Envelope envelope) {
    auto& fds = envelope.fds;
    const PlanPtr known = TRY(plans_.of(message.plan));
    const bool program = known->plan().command.kind == CommandKind::program;
    if (fds.size() != (program ? 3u : 0u))
      return Error(ErrorKind::protocol, "keeper: wrong number of descriptors");
    const auto busy = std::count_if(slots_.begin(), slots_.end(),
                                    [](const Slot& slot) { return !slot.reported; });
    if (static_cast<std::size_t>(busy) >= kMaxBoxes) return refuse(message.ticket);
    RunningBox::Call call{message.ticket, known, std::move(message.input), {}};
    for (std::size_t i = 0; i < fds.size(); ++i) call.stdio[i] = std::move(fds[i]);
    slots_.push_back({std::make_unique<RunningBox>(commons_, std::move(call))});
    Slot& slot = slots_.back();
    slot.box->start(waiting_);
    slot.network = networks_.of(slot.box->session(), slot.box->number());
    return {};
  }

  Result<void> refuse(std::uint64_t ticket) {
    BoxDone done;
    done.report.ticket = ticket;
    done.report.verdict = {Outcome::setup_failed, 0, "start: too many boxes of this session"};
    done.report.is_error = true;
    return channel_.send(BoxDone::kType, done.encode());
  }

  Result<void> tell_refused(std::vector<Refusal>&& all) const {
    for (std::size_t at = 0; at < all.size(); at += CallsRefused::kMost) {
      CallsRefused message;
      const std::size_t end = std::min(at + CallsRefused::kMost, all.size());
      std::move(all.begin() + static_cast<std::ptrdiff_t>(at),
                all.begin() + static_cast<std::ptrdiff_t>(end),
                std::back_inserter(message.refusals));
      TRY(channel_.send(CallsRefused::kType, message.encode()));
    }
    return {};
  }

  Result<void> tell() {
    TRY(tell_refused(refused_.take()));
    for (Slot& slot : slots_) {
      if (slot.reported) continue;
      if (slot.box->take_started())
        TRY(channel_.send(BoxStarted::kType,
                          BoxStarted{slot.box->ticket(), slot.network}.encode()));
      if (auto answer = slot.box->take_answer(); answer && !slot.box->is_done())
        TRY(channel_.send(BoxAnswered::kType, BoxAnswered{*std::move(answer)}.encode()));
      if (!slot.box->is_done()) continue;
      TRY(tell_refused(refused_.take_all()));
      BoxDone done;
      done.report = slot.box->report();
      TRY(channel_.send(BoxDone::kType, done.encode()));
      slot.reported = true;
      answered_.push_back(slot.box->known());
      tidy_at_ = commons_.clock.monotonic() + kAfterAnswer;
    }
    for (const Slot& slot : slots_)
      if (auto left = slot.box->take_left()) background_.add(*std::move(left));
    std::erase_if(slots_, [](const Slot& slot) { return slot.reported && !slot.box->lingers(); });
    const auto dropped = commons_.roots.trim([&](const SessionInit* session) {
      return waiting_.uses(session) || std::ranges::any_of(slots_, [&](const Slot& slot) {
               return slot.box->session() == session;
             });
    });
    for (const auto& root : dropped) {
      refused_.lost(&root->session);
      background_.lost(&root->session);
      close(networks_.lost(&root->session));
    }
    for (const std::uint64_t network : std::exchange(closing_, {}))
      TRY(channel_.send(NetworkClosed::kType, NetworkClosed{network}.encode()));
    return {};
  }

  // What nobody waits for: saves the shell's state, and sees to the box for the next call.
  void tidy_up() {
    commons_.save_shell_state();
    for (const PlanPtr& known : answered_)
      if (ahead_ == Ahead::boxes) waiting_.prepare(known);
    answered_.clear();
    tidy_at_ = Duration::max();
  }

  ipc::Channel channel_;
  SessionCommons& commons_;
  Ahead ahead_;
  std::vector<PlanPtr> answered_;
  Duration tidy_at_ = Duration::max();
  KnownPlans plans_;
  WaitingBoxes waiting_;
  RefusedCalls refused_;
  KnownNetworks networks_;
  std::vector<std::uint64_t> closing_;
  std::vector<Slot> slots_;
  BackgroundWatch background_;
};

// Landlock has no file rules here: they would forbid the boxes their mounts.
Result<void> restrict_self(std::string_view filter) {
  os::set_process_name("gb-keeper");
  TRY(os::set_not_dumpable());
  TRY(os::die_with_parent());
  TRY(os::set_no_new_privileges());
  if (const int abi = os::landlock_abi(); abi >= os::kLandlockScopes)
    TRY(TRY(os::Landlock::make(abi, {.files = false, .tcp = false})).restrict_self());
  return os::load_filter(filter);
}

Result<void> run(ipc::Channel channel) {
  auto first = TRY(channel.receive());
  if (!first) return {};
  if (first->type != KeeperStart::kType || first->fds.size() != 1)
    return Error(ErrorKind::protocol, "keeper: no start message");
  const auto start = TRY(KeeperStart::decode(first->body));
  if (start.filter.empty()) return Error(ErrorKind::protocol, "keeper: no filter");
  TRY(restrict_self(start.filter));
  Group group;
  if (start.cgroup.mode == CgroupMode::v1) {
    group = TRY(Group::open(start.cgroup));
    TRY(group.join());
  }
  auto store = SessionStore::adopt(std::move(first->fds.front()));
  SessionGuard guard(start.places, store.fd());
  SessionCommons commons{start.places,
                         std::move(store),
                         start.cgroup,
                         std::move(group),
                         DiskWatch(start.places.workspace),
                         std::move(guard)};
  return KeeperLoop(std::move(channel), commons, start.ahead).run();
}

}  // namespace

void run_keeper(UniqueFd channel) {
  // A box that ended before it was told to go must not end the boxes beside it.
  os::ignore_broken_pipes();
  const auto done = run(ipc::Channel(std::move(channel)));
  // A boxer that went away is the ordinary end.
  os::exit_now(done || done.error().kind() == ErrorKind::closed ? kFine : kBroken);
}

}  // namespace glovebox::box
