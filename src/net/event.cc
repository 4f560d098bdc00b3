#include "net/event.h"

namespace glovebox::net {

void Event::set() {
  set_ = true;
  while (Wait* wait = waiting_.pop_front()) wait->fire(Wake::ready);
}

Task<Result<void>> Event::wait(Patience patience) {
  if (set_) co_return Result<void>();
  Wait wait(*loop_, patience);
  if (!wait.await_ready()) waiting_.push_back(wait);
  co_return to_result(co_await wait);
}

struct TaskGroup::Shared {
  explicit Shared(Loop& loop) : idle(loop) { idle.set(); }
  std::size_t running = 0;
  Event idle;
};

TaskGroup::TaskGroup(Loop& loop) : loop_(loop), shared_(std::make_shared<Shared>(loop)) {}

namespace {
template <class S>
Task<void> counted(std::shared_ptr<S> shared, Task<void> task) {
  co_await std::move(task);
  if (--shared->running == 0) shared->idle.set();
}
}  // namespace

void TaskGroup::spawn(Task<void> task) {
  ++shared_->running;
  shared_->idle.clear();
  loop_.spawn(counted(shared_, std::move(task)));
}

std::size_t TaskGroup::running() const {
  return shared_->running;
}

Task<Result<void>> TaskGroup::wait(Patience patience) {
  return shared_->idle.wait(std::move(patience));
}

}  // namespace glovebox::net
