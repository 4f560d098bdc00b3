#include "egress/relay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "net/event.h"
#include "os/inet.h"
#include "os/splice.h"

namespace glovebox::egress {

namespace {

// What a pipe holds; a larger one is no faster.
constexpr std::size_t kAtOnce = 64 * kKiB;
constexpr int kTurnsAtOnce = 16;

// What the two directions share. The first error ends both.
struct Both {
  net::Loop& loop;
  PipePool& pipes;
  Duration last_byte{};
  net::CancelSource ending;
  std::optional<Error> error;

  void fail(Error why) {
    if (!error) error = std::move(why);
    ending.cancel();
  }
};

// Sleeps until the socket has something, or neither direction has moved for so long.
net::Task<Result<void>> wait_to_read(Both& both, int socket, Duration idle) {
  for (;;) {
    const Duration until = both.last_byte + idle;
    auto ready =
        co_await both.loop.readable(socket, {.deadline = until, .token = both.ending.token()});
    if (ready || ready.error().kind() != ErrorKind::timeout) co_return ready;
    if (both.last_byte + idle <= both.loop.now())
      co_return Error(ErrorKind::timeout, "nothing was sent either way for too long");
  }
}

net::Task<Result<void>> drain(Both& both, const os::Pipe& pipe, int to, std::size_t bytes,
                              Duration idle) {
  while (bytes > 0) {
    const auto moved = CO_TRY(os::splice_some(pipe.reader.get(), to, bytes));
    if (moved) {
      if (*moved == 0) co_return Error(ErrorKind::io, "splice moved nothing");
      bytes -= *moved;
      both.last_byte = both.loop.now();
      continue;
    }
    CO_TRY(co_await both.loop.writable(
        to, {.deadline = both.loop.now() + idle, .token = both.ending.token()}));
  }
  co_return Result<void>();
}

net::Task<Result<void>> carry(Both& both, int from, int to, std::uint64_t& carried,
                              std::uint64_t most, Duration idle) {
  std::optional<os::Pipe> pipe;
  for (int turn = 1;; ++turn) {
    // Two fast ends must not keep the loop from everybody else.
    if (turn % kTurnsAtOnce == 0) co_await both.loop.yield();
    if (!pipe) pipe = CO_TRY(both.pipes.take());
    const auto got = CO_TRY(os::splice_some(from, pipe->writer.get(), kAtOnce));
    if (!got) {
      both.pipes.give_back(*std::exchange(pipe, std::nullopt));
      CO_TRY(co_await wait_to_read(both, from, idle));
      continue;
    }
    if (*got == 0) {
      both.pipes.give_back(*std::exchange(pipe, std::nullopt));
      (void)os::shut_write(to);  // who has ended meanwhile need not be told
      co_return Result<void>();
    }
    both.last_byte = both.loop.now();
    carried += *got;
    if (carried > most) co_return Error(ErrorKind::limit, "more bytes than one network may send");
    CO_TRY(co_await drain(both, *pipe, to, *got, idle));
  }
}

net::Task<void> one_way(std::shared_ptr<Both> both, int from, int to, std::uint64_t& carried,
                        std::uint64_t most, Duration idle) {
  auto done = co_await carry(*both, from, to, carried, most, idle);
  if (!done) both->fail(std::move(done).error());
}

}  // namespace

Result<os::Pipe> PipePool::take() {
  if (free_.empty()) return os::make_pipe();
  os::Pipe pipe = std::move(free_.back());
  free_.pop_back();
  return pipe;
}

void PipePool::give_back(os::Pipe pipe) {
  if (free_.size() < kMostKept) free_.push_back(std::move(pipe));
}

net::Task<Result<void>> relay(net::Loop& loop, PipePool& pipes, int inside, int outside,
                              Carried& carried, RelayLimits limits, net::Patience patience) {
  const auto both = std::make_shared<Both>(
      Both{loop, pipes, loop.now(), net::CancelSource(patience.token), std::nullopt});
  net::TaskGroup directions(loop);
  directions.spawn(one_way(both, inside, outside, carried.up, limits.up, limits.idle));
  co_await one_way(both, outside, inside, carried.down, limits.down, limits.idle);
  (void)co_await directions.wait();
  if (both->error) {
    os::reset_on_close(inside);
    os::reset_on_close(outside);
    co_return *std::move(both->error);
  }
  co_return Result<void>();
}

}  // namespace glovebox::egress
