#include "tools/ordered_work.h"

#include <system_error>
#include <thread>
#include <utility>

namespace glovebox::tools {

void OrderedWork::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    moved_.wait(lock, [&] { return is_enough_ || next_ >= pieces_ || next_ < taken_ + kAhead; });
    if (is_enough_ || next_ >= pieces_) return;
    const std::size_t number = next_++;
    lock.unlock();
    std::string result = piece_(number);
    lock.lock();
    waiting_[number % kAhead] = {true, std::move(result)};
    bool has_moved = false;
    for (; waiting_[taken_ % kAhead].is_done; ++taken_) {
      Waiting& first = waiting_[taken_ % kAhead];
      first.is_done = false;
      if (!is_enough_ && !taker_(std::exchange(first.result, {}))) is_enough_ = true;
      has_moved = true;
    }
    if (has_moved) moved_.notify_all();
  }
}

void OrderedWork::run(std::size_t pieces, unsigned threads, const Piece& piece,
                      const Taker& taker) {
  OrderedWork shared(pieces, piece, taker);
  std::vector<std::thread> helpers;
  try {
    for (unsigned i = 1; i < threads && i < pieces; ++i) {
      helpers.emplace_back([&shared] { shared.work(); });
    }
  } catch (const std::system_error&) {
    // The box's limit of processes is reached: those that run are enough.
  }
  shared.work();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace glovebox::tools
