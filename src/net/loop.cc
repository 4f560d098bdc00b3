#include "net/loop.h"

#include <array>
#include <format>
#include <string>
#include <unordered_map>

#include "net/cancel_state.h"
#include "os/poller.h"

namespace glovebox::net {

namespace {

constexpr std::size_t kReportsPerTurn = 64;

// The frame of a spawned task: it destroys itself when the task ends, or is destroyed with the
// loop.
struct ByLoop;
struct Root {
  struct promise_type : Link<promise_type, ByLoop> {
    template <class... Rest>
    explicit promise_type(Loop&, std::size_t& count, Rest&&...) : alive(count) {
      ++alive;
    }
    ~promise_type() { --alive; }
    promise_type(const promise_type&) = delete;
    promise_type& operator=(const promise_type&) = delete;
    Root get_return_object() { return {*this}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
    std::size_t& alive;
  };
  promise_type& promise;
};

Root run_root(Loop& loop, std::size_t&, Task<void> task) {
  co_await loop.yield();
  co_await std::move(task);
}

}  // namespace

struct Loop::Impl {
  struct FdWaits {
    Wait* reader = nullptr;
    Wait* writer = nullptr;
    Wait*& of(unsigned direction) { return direction == os::kReadable ? reader : writer; }
    unsigned interest() const {
      return (reader != nullptr ? os::kReadable : 0) | (writer != nullptr ? os::kWritable : 0);
    }
  };

  // One wait for a descriptor, from the start to its end, however it ends.
  struct FdInterest {
    Impl& loop;
    int fd;
    unsigned direction;
    bool reported = false;  // the poller has gone silent by itself
    FdInterest(Impl& waited_on, int descriptor, unsigned way)
        : loop(waited_on), fd(descriptor), direction(way) {}
    FdInterest(const FdInterest&) = delete;
    FdInterest& operator=(const FdInterest&) = delete;
    ~FdInterest() {
      const auto found = loop.fds.find(fd);
      found->second.of(direction) = nullptr;
      if (found->second.interest() == 0) {
        loop.fds.erase(found);
        if (!reported) loop.poller.forget(fd);
      } else if (!loop.poller.watch(fd, found->second.interest())) {
        for (Wait* other : {found->second.reader, found->second.writer})
          if (other != nullptr) other->fire(Wake::ready);  // its next call meets the error
      }
    }
  };

  Impl(const Clock& source, os::Poller made) : clock(source), poller(std::move(made)) {}
  void end_tasks() {
    while (Root::promise_type* root = roots.pop_front())
      std::coroutine_handle<Root::promise_type>::from_promise(*root).destroy();
  }

  void run_ready() {
    while (Wait* wait = ready.pop_front()) turn.push_back(*wait);
    while (!stopped) {
      Wait* wait = turn.pop_front();
      if (wait == nullptr) return;
      wait->resume();
    }
    // Stopped in the middle: the rest is first when the loop runs again.
    while (Wait* wait = ready.pop_front()) turn.push_back(*wait);
    while (Wait* wait = turn.pop_front()) ready.push_back(*wait);
  }

  void fire_timers() {
    const Duration now = clock.monotonic();
    while (!timers.empty() && timers.begin()->first <= now)
      timers.begin()->second->fire(Wake::timeout);
  }

  Result<void> poll() {
    std::optional<Duration> patience;
    if (!ready.empty())
      patience = Duration::zero();
    else if (!timers.empty())
      patience = timers.begin()->first - clock.monotonic();
    std::array<os::ReadyFd, kReportsPerTurn> room;
    for (const os::ReadyFd& report : TRY(poller.wait(room, patience))) {
      const auto found = fds.find(report.fd);
      if (found == fds.end()) continue;
      for (const unsigned direction : {os::kReadable, os::kWritable})
        if (Wait* wait = found->second.of(direction);
            wait != nullptr && (report.ready & direction) != 0)
          wait->fire(Wake::ready);
    }
    return {};
  }

  const Clock& clock;
  os::Poller poller;
  std::unordered_map<int, FdWaits> fds;
  std::multimap<Duration, Wait*> timers;
  LinkedList<Wait, ByReady> ready;
  LinkedList<Wait, ByReady> turn;
  bool stopped = false;
  std::size_t alive = 0;
  LinkedList<Root::promise_type, ByLoop> roots;
};

Result<std::unique_ptr<Loop>> Loop::make(const Clock& clock) {
  os::Poller poller = TRY_CONTEXT(os::Poller::make(), "event loop");
  return std::unique_ptr<Loop>(new Loop(std::make_unique<Impl>(clock, std::move(poller))));
}

Loop::Loop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
// While the frames go, their waits still reach the lists through impl_.
Loop::~Loop() {
  impl_->end_tasks();
}

Result<void> Loop::run() {
  impl_->stopped = false;
  for (;;) {
    impl_->run_ready();
    if (impl_->stopped || impl_->alive == 0) return {};
    TRY_CONTEXT(impl_->poll(), "event loop");
    impl_->fire_timers();
  }
}

void Loop::stop() {
  impl_->stopped = true;
}

void Loop::spawn(Task<void> task) {
  Root root = run_root(*this, impl_->alive, std::move(task));
  impl_->roots.push_back(root.promise);
}

const Clock& Loop::clock() const {
  return impl_->clock;
}

std::size_t Loop::tasks() const {
  return impl_->alive;
}

Task<void> Loop::sleep(Duration how_long) {
  Wait wait(*this, Patience{now() + how_long, {}});
  co_await wait;
}

Task<Result<void>> Loop::sleep(Duration how_long, Patience patience) {
  const Duration end = now() + how_long;
  const bool cut = patience.deadline && *patience.deadline < end;
  Wait wait(*this, patience.no_later_than(end));
  const Wake wake = co_await wait;
  if (wake == Wake::timeout && !cut) co_return Result<void>();
  co_return to_result(wake);
}

Task<void> Loop::yield() {
  Wait wait(*this, {});
  wait.next_turn_ = true;
  wait.fire(Wake::ready);
  co_await wait;
}

Task<Result<void>> Loop::readable(int fd, Patience patience) {
  return until_ready(fd, os::kReadable, std::move(patience));
}

Task<Result<void>> Loop::writable(int fd, Patience patience) {
  return until_ready(fd, os::kWritable, std::move(patience));
}

Task<Result<void>> Loop::until_ready(int fd, unsigned direction, Patience patience) {
  if (impl_->fds[fd].of(direction) != nullptr)
    co_return Error(ErrorKind::internal, std::format("descriptor {} is waited for twice", fd));
  Wait wait(*this, patience);
  impl_->fds[fd].of(direction) = &wait;
  Impl::FdInterest interest{*impl_, fd, direction};
  CO_TRY(impl_->poller.watch(fd, impl_->fds[fd].interest()));
  const Wake wake = co_await wait;
  interest.reported = wake == Wake::ready;
  co_return to_result(wake);
}

Result<void> to_result(Wake wake) {
  switch (wake) {
    case Wake::ready:
      return {};
    case Wake::timeout:
      return Error(ErrorKind::timeout, "timed out");
    case Wake::cancelled:
      return Error(ErrorKind::cancelled, "cancelled");
  }
  return Error(ErrorKind::internal, "a wait without outcome");
}

Wait::Wait(Loop& loop, const Patience& patience) : loop_(loop), token_(patience.token) {
  if (token_.cancelled()) {
    outcome_ = Wake::cancelled;
    return;
  }
  if (patience.deadline) {
    if (*patience.deadline <= loop.now()) {
      outcome_ = Wake::timeout;
      return;
    }
    timer_ = loop.impl_->timers.emplace(*patience.deadline, this);
  }
  if (token_.state_ != nullptr) token_.state_->waits.push_back(*this);
}

Wait::~Wait() {
  if (timer_) loop_.impl_->timers.erase(*timer_);
}

void Wait::leave_lists() {
  Link<Wait, BySource>::unlink();
  Link<Wait, ByCancel>::unlink();
  if (timer_) loop_.impl_->timers.erase(*timer_);
  timer_.reset();
}

void Wait::fire(Wake wake) {
  if (outcome_) return;
  outcome_ = wake;
  leave_lists();
  if (waiting_) loop_.impl_->ready.push_back(*this);
}

void Wait::await_suspend(std::coroutine_handle<> waiting) {
  waiting_ = waiting;
  if (outcome_) loop_.impl_->ready.push_back(*this);
}

Wake Wait::await_resume() {
  return *outcome_;
}

}  // namespace glovebox::net
