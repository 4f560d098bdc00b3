// The event loop of a role: one thread, one epoll, coroutines in place of callbacks.
//
// Everything of net/ runs on one Loop and belongs to its thread. Woken coroutines run in the order
// of their waking; none runs inside the call that wakes it. Tasks given to spawn() belong to the
// loop: its destructor ends those that are left where they are suspended, so what they refer to
// must live as long as the loop.
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "net/cancel.h"
#include "net/linked_list.h"
#include "net/task.h"

namespace glovebox::net {

class Wait;

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> make(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop() or until no spawned task is left. May be called again afterwards.
  Result<void> run();
  void stop();
  // Starts the task on the next turn.
  void spawn(Task<void> task);
  // Runs the loop until this task has ended, and gives its value. For command lines and tests.
  template <class T>
  Result<T> run_until(Task<Result<T>> task);

  const Clock& clock() const;
  Duration now() const { return clock().monotonic(); }

  Task<void> sleep(Duration how_long);
  // Kind cancelled, or timeout if the deadline of `patience` comes before the sleep is over.
  Task<Result<void>> sleep(Duration how_long, Patience patience);
  // Until the descriptor has something to read (or its end), or takes bytes. At most one wait per
  // descriptor and direction (kind internal). The descriptor stays open during the wait.
  // Kinds: timeout, cancelled, io.
  Task<Result<void>> readable(int fd, Patience patience = {});
  Task<Result<void>> writable(int fd, Patience patience = {});
  // Lets everything that is ready run first.
  Task<void> yield();

  // How many spawned tasks have not ended.
  std::size_t tasks() const;

 private:
  friend class Wait;
  struct Impl;
  explicit Loop(std::unique_ptr<Impl> impl);
  Task<Result<void>> until_ready(int fd, unsigned direction, Patience patience);
  std::unique_ptr<Impl> impl_;
};

enum class Wake : std::uint8_t { ready, timeout, cancelled };

// Nothing for `ready`, else an Error of that kind; who waited adds for what.
Result<void> to_result(Wake wake);

struct BySource;
struct ByCancel;
struct ByReady;
using WaitList = LinkedList<Wait, BySource>;

// The one way to suspend: a local variable of the coroutine that waits. Put it where it will be
// fired (Event and the loop do that), then `co_await` it. The first of fire(), the deadline and
// the token decides, and the wait leaves all other lists.
class Wait final : public Link<Wait, BySource>,
                   public Link<Wait, ByCancel>,
                   public Link<Wait, ByReady> {
 public:
  Wait(Loop& loop, const Patience& patience);
  ~Wait();
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  void fire(Wake wake);

  bool await_ready() const { return outcome_.has_value() && !next_turn_; }
  void await_suspend(std::coroutine_handle<> waiting);
  Wake await_resume();

 private:
  friend class Loop;
  void leave_lists();
  void resume() { waiting_.resume(); }

  Loop& loop_;
  CancelToken token_;
  std::coroutine_handle<> waiting_;
  std::optional<Wake> outcome_;
  bool next_turn_ = false;  // suspends even if it has been fired
  std::optional<std::multimap<Duration, Wait*>::iterator> timer_;
};

// The result is shared: the task goes on in a later run if somebody else stops this one.
template <class T>
Result<T> Loop::run_until(Task<Result<T>> task) {
  const auto result = std::make_shared<std::optional<Result<T>>>();
  spawn([](Task<Result<T>> inner, std::shared_ptr<std::optional<Result<T>>> out,
           Loop& loop) -> Task<void> {
    out->emplace(co_await std::move(inner));
    loop.stop();
  }(std::move(task), result, *this));
  TRY(run());
  if (!*result) return Error(ErrorKind::cancelled, "the loop was stopped");
  return *std::move(*result);
}

}  // namespace glovebox::net
