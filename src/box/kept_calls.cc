#include "box/kept_calls.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace glovebox::box {

namespace {

// A bomb forks on while its processes are killed: the passes have to follow each other closely, but
// what hangs in the kernel must not hold up the session's other calls.
constexpr int kPassesAtOnce = 50;
// Numbers are given out in rising order, so a pass misses a process only where they start anew.
constexpr int kEmptyLooks = 2;
// A chain of processes, each of which ends once it has made the next, is nowhere when looked for:
// what just ended tells that it was there. A pass is repeated as often as that.
constexpr int kLooksForNone = 20;
// Until its first process runs a program it is out of everybody's reach.
constexpr int kTriesToHold = 20;
constexpr milliseconds kUntilMade{2};
constexpr milliseconds kUntilEnded{20};
constexpr seconds kMostToEnd{2};
constexpr int kReapedAtOnce = 256;  // the rest wakes the loop again

}  // namespace

KeptCalls::KeptCalls(UniqueFd proc) : proc_(std::move(proc)) {
  if (!proc_) return;
  const auto self = os::ProcessView::open(proc_.get(), os::own_pid());
  if (self) own_namespace_ = self->user_namespace().value_or(0);
}

void KeptCalls::add(std::uint64_t number, os::Process first) {
  Call call;
  call.number = number;
  if (proc_) {
    const auto view = os::ProcessView::open(proc_.get(), first.pid());
    if (view) call.mount = view->first_mount().value_or(0);
  }
  // Numbers are used again: who had this one is gone.
  for (Call& other : calls_)
    if (other.mount == call.mount) other.mount = 0;
  call.first = std::move(first);
  calls_.push_back(std::move(call));
}

void KeptCalls::end(std::uint64_t number) {
  for (Call& call : calls_) {
    if (call.number != number) continue;
    if (!call.ending) call.ending_since = clock_.monotonic();
    call.ending = true;
    if (call.first.running()) (void)call.first.signal(SIGKILL);
  }
}

bool KeptCalls::is_ending() const {
  return std::ranges::any_of(calls_, [](const Call& call) { return call.ending; });
}

bool KeptCalls::is_hopeless() const {
  const Duration now = clock_.monotonic();
  return std::ranges::any_of(calls_, [&](const Call& call) {
    return call.ending && now - call.ending_since > kMostToEnd;
  });
}

milliseconds KeptCalls::patience() const {
  constexpr milliseconds kForEver{-1};
  if (is_ending()) return kUntilEnded;
  const bool is_made = std::ranges::any_of(calls_, [&](const Call& call) {
    return proc_ && !call.mounts && !call.exit && call.tries_to_hold < kTriesToHold;
  });
  return is_made ? kUntilMade : kForEver;
}

void KeptCalls::hold_mounts(Call& call) {
  if (!proc_ || call.mounts || call.exit || call.tries_to_hold++ >= kTriesToHold) return;
  const auto view = os::ProcessView::open(proc_.get(), call.first.pid());
  if (!view) return;
  if (auto held = view->mount_namespace()) call.mounts = std::move(*held);
}

void KeptCalls::learn(Call& call, std::uint64_t user_namespace) {
  if (user_namespace == 0 || user_namespace == own_namespace_) return;
  for (Call& other : calls_)
    if (other.user_namespace == user_namespace) other.user_namespace = 0;
  call.user_namespace = user_namespace;
}

KeptCalls::Call* KeptCalls::owner(std::uint64_t user_namespace) {
  if (user_namespace == 0 || user_namespace == own_namespace_) return nullptr;
  const auto at = std::ranges::find(calls_, user_namespace, &Call::user_namespace);
  return at == calls_.end() ? nullptr : &*at;
}

KeptCalls::Call* KeptCalls::owner(const os::ProcessView& process) {
  const std::uint64_t user_namespace = process.user_namespace().value_or(0);
  // It may be a new call's, with the number of one that is gone.
  const bool all_learned = std::ranges::none_of(
      calls_, [](const Call& call) { return !call.told && call.user_namespace == 0; });
  Call* const known = all_learned ? owner(user_namespace) : nullptr;
  if (known != nullptr) return known;
  const auto mount = process.first_mount();
  if (!mount || *mount == 0) return nullptr;
  const auto at = std::ranges::find(calls_, *mount, &Call::mount);
  if (at == calls_.end()) return nullptr;
  learn(*at, user_namespace);
  return &*at;
}

void KeptCalls::reap() {
  for (int i = 0; i < kReapedAtOnce; ++i) {
    const auto ended = os::next_ended_child();
    if (!ended || !*ended) return;
    reap((*ended)->pid);
  }
}

void KeptCalls::reap(pid_t pid) {
  // As long as it has not been reaped its number is nobody else's.
  std::uint64_t user_namespace = 0;
  if (proc_) {
    const auto view = os::ProcessView::open(proc_.get(), pid);
    if (view) user_namespace = view->user_namespace().value_or(0);
  }
  for (Call& call : calls_) {
    if (!call.first.running() || call.first.pid() != pid) continue;
    learn(call, user_namespace);
    const auto exit = call.first.reap(os::Process::Wait::no);
    call.exit = exit && *exit ? **exit : os::ExitFacts{.signalled = true, .code = SIGKILL};
    call.ended_us += call.exit->cpu_us;
    return;
  }
  const auto exit = os::reap_child(pid);
  Call* const call = owner(user_namespace);
  if (exit && call != nullptr) call->ended_us += exit->cpu_us;
}

template <class Visit>
void KeptCalls::visit_others(const Visit& visit) {
  for (const pid_t pid : os::processes_of(proc_.get())) {
    if (pid == os::own_pid()) continue;
    const auto process = os::ProcessView::open(proc_.get(), pid);
    if (process) visit(*process, owner(*process));
  }
}

void KeptCalls::kill_ending() {
  for (int pass = 0; proc_ && is_ending() && pass < kPassesAtOnce; ++pass) {
    bool found = false;
    visit_others([&](const os::ProcessView& process, const Call* call) {
      if (call == nullptr || !call->ending) return;
      // Also what ended since the last pass: it may have made another.
      found = true;
      (void)process.kill();
    });
    reap();
    if (!found) return;
  }
}

std::uint32_t KeptCalls::living(const Call& call) {
  // Every process of the namespace is a descendant of this one.
  if (const auto child = os::next_ended_child();
      !proc_ || (!child && child.error().kind() == ErrorKind::not_found))
    return 0;
  for (int look = 0; look < kLooksForNone; ++look) {
    reap();
    std::uint32_t count = 0;
    bool has_ended = false;
    visit_others([&](const os::ProcessView& process, const Call* whose) {
      if (whose != &call) return;
      if (process.use())
        ++count;
      else
        has_ended = true;
    });
    if (count > 0 || !has_ended) return count;
  }
  return 1;
}

std::vector<BoxGone> KeptCalls::step() {
  reap();
  kill_ending();
  std::vector<BoxGone> gone;
  for (Call& call : calls_) {
    hold_mounts(call);
    if (!call.exit || (call.told && !call.ending)) continue;
    const std::uint32_t left = living(call);
    if (call.ending && left > 0) continue;
    if (!call.told) {
      os::ExitFacts exit = *call.exit;
      exit.cpu_us = call.ended_us;
      gone.push_back({call.number, exit, left});
      call.told = true;
      if (call.mounts) parting_.push_back(std::move(call.mounts));
    }
    if (left == 0) call.empty_looks = kEmptyLooks;
    call.ending = false;
  }
  std::erase_if(calls_,
                [](const Call& call) { return call.told && call.empty_looks >= kEmptyLooks; });
  return gone;
}

Census KeptCalls::census() {
  if (proc_) reap();
  Census census;
  for (const Call& call : calls_) census.calls.push_back({call.number, 0, 0, call.ended_us});
  std::vector<bool> has_ended(calls_.size());
  if (proc_)
    visit_others([&](const os::ProcessView& process, const Call* call) {
      const auto use = process.use();
      if (call == nullptr) {
        if (use) (void)process.kill();
        return;
      }
      const auto number = static_cast<std::size_t>(call - calls_.data());
      if (!use) {
        has_ended[number] = true;
        return;
      }
      Census::Use& sum = census.calls[number];
      ++sum.processes;
      sum.memory += use->memory;
      sum.cpu_us += use->cpu_us;
    });
  for (std::size_t i = 0; i < calls_.size(); ++i)
    calls_[i].empty_looks = calls_[i].told && census.calls[i].processes == 0 && !has_ended[i]
                                ? calls_[i].empty_looks + 1
                                : 0;
  std::erase_if(calls_, [](const Call& call) { return call.empty_looks >= kEmptyLooks; });
  std::erase_if(census.calls, [&](const Census::Use& use) {
    return std::ranges::find(calls_, use.number, &Call::number) == calls_.end();
  });
  return census;
}

}  // namespace glovebox::box
