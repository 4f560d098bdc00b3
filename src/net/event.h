// What coroutines of one loop tell each other: Event, Queue and TaskGroup.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::net {

// A state that is set or not. set() wakes all who wait; whoever comes while it is set does not
// wait at all; clear() makes waits wait again and does not touch those already woken.
class Event {
 public:
  explicit Event(Loop& loop) : loop_(&loop) {}
  void set();
  void clear() { set_ = false; }
  bool is_set() const { return set_; }
  // Kinds: timeout, cancelled.
  Task<Result<void>> wait(Patience patience = {});

 private:
  Loop* loop_;
  bool set_ = false;
  WaitList waiting_;
};

// A queue without limit, for any number of takers. Values come out in order.
template <class T>
class Queue {
 public:
  explicit Queue(Loop& loop) : filled_(loop) {}

  // After close() a value is dropped.
  void push(T value) {
    if (closed_) return;
    values_.push_back(std::move(value));
    filled_.set();
  }
  // No more values will come: takers get what is left, then nullopt.
  void close() {
    closed_ = true;
    filled_.set();
  }
  std::size_t size() const { return values_.size(); }

  // Kinds: timeout, cancelled.
  Task<Result<std::optional<T>>> take(Patience patience = {}) {
    while (values_.empty()) {
      if (closed_) co_return std::optional<T>();
      filled_.clear();
      CO_TRY(co_await filled_.wait(patience));
    }
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    co_return value;
  }

 private:
  std::deque<T> values_;
  Event filled_;
  bool closed_ = false;
};

// Tasks that belong together: spawned on the loop, waited for as one. The group may end before its
// tasks do; it cancels nothing by itself: give the tasks a token.
class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop);
  void spawn(Task<void> task);
  std::size_t running() const;
  // Until none runs. Kinds: timeout, cancelled.
  Task<Result<void>> wait(Patience patience = {});

 private:
  struct Shared;
  Loop& loop_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace glovebox::net
