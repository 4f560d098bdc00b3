// epoll: which of many descriptors are ready. Interest is for one report: after it the descriptor
// stays known but silent until watch() asks again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::os {

constexpr unsigned kReadable = 1;
constexpr unsigned kWritable = 2;

struct ReadyFd {
  int fd = -1;
  unsigned ready = 0;  // both bits when the descriptor is hung up or in error
};

class Poller {
 public:
  static Result<Poller> make();

  // `interest`: kReadable, kWritable or both. The descriptor may be new, known, or a new one with
  // the number of one that was closed.
  Result<void> watch(int fd, unsigned interest);
  // No more reports. A descriptor that is not known, or closed, is no error.
  void forget(int fd);

  // Fills `out` from the front. Waits until something is ready or `patience` is over (rounded up
  // to milliseconds; none: without end). A signal that was caught ends the wait early.
  Result<std::span<ReadyFd>> wait(std::span<ReadyFd> out, std::optional<Duration> patience);

  // Readable while something is ready, so that one poller can wait inside another.
  int fd() const { return epoll_.get(); }

 private:
  explicit Poller(UniqueFd epoll) : epoll_(std::move(epoll)) {}
  UniqueFd epoll_;
};

}  // namespace glovebox::os
