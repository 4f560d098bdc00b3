#include "os/poller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <limits>

namespace glovebox::os {

namespace {

constexpr std::size_t kBatch = 64;

int to_milliseconds(std::optional<Duration> patience) {
  if (!patience) return -1;
  if (*patience <= Duration::zero()) return 0;
  const auto rounded = std::chrono::ceil<milliseconds>(*patience).count();
  return static_cast<int>(
      std::min<std::int64_t>(rounded, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

Result<Poller> Poller::make() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return Error::from_errno(errno, "epoll_create1");
  return Poller(std::move(epoll));
}

Result<void> Poller::watch(int fd, unsigned interest) {
  epoll_event event{};
  event.events = EPOLLONESHOT;
  if ((interest & kReadable) != 0) event.events |= EPOLLIN | EPOLLRDHUP;
  if ((interest & kWritable) != 0) event.events |= EPOLLOUT;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) return {};
  if (errno == ENOENT && ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return Error::from_errno(errno, "epoll_ctl");
}

void Poller::forget(int fd) {
  (void)::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Result<std::span<ReadyFd>> Poller::wait(std::span<ReadyFd> out, std::optional<Duration> patience) {
  std::array<epoll_event, kBatch> events;
  const int room = static_cast<int>(std::min(out.size(), events.size()));
  const int count = ::epoll_wait(epoll_.get(), events.data(), room, to_milliseconds(patience));
  if (count < 0) {
    if (errno == EINTR) return out.first(0);
    return Error::from_errno(errno, "epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const std::uint32_t what = events[i].events;
    unsigned ready = 0;
    if ((what & (EPOLLIN | EPOLLRDHUP)) != 0) ready |= kReadable;
    if ((what & EPOLLOUT) != 0) ready |= kWritable;
    if ((what & (EPOLLHUP | EPOLLERR)) != 0) ready |= kReadable | kWritable;
    out[i] = ReadyFd{events[i].data.fd, ready};
  }
  return out.first(static_cast<std::size_t>(count));
}

}  // namespace glovebox::os
