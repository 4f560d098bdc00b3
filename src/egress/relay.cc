#include "egress/relay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/event.h"
#include "os/inet.h"
#include "os/splice.h"

namespace glovebox::egress {

namespace {

// More than the pipe holds is not taken.
constexpr std::size_t kAtOnce = PipePool::kLarge;
constexpr int kTurnsAtOnce = 16;

// What the two directions share. The first error ends both.
struct Both {
  net::Loop& loop;
  Duration last_byte{};
  net::CancelSource ending;
  std::optional<Error> error;

  void fail(Error why) {
    if (!error) error = std::move(why);
    ending.cancel();
  }
};

// Sleeps until there is something to read, or neither direction has moved for so long.
template <class Readable>
net::Task<Result<void>> wait_to_read(Both& both, Readable readable, Duration idle) {
  for (;;) {
    const Duration until = both.last_byte + idle;
    auto ready = co_await readable(net::Patience{.deadline = until, .token = both.ending.token()});
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

Result<void> count(std::uint64_t& carried, std::size_t bytes, std::uint64_t most) {
  carried += bytes;
  if (carried > most) return Error(ErrorKind::limit, "more bytes than one network may send");
  return {};
}

net::Task<Result<void>> carry(Both& both, PipePool& pipes, int from, int to, std::uint64_t& carried,
                              std::uint64_t most, Duration idle) {
  const auto readable = [&both, from](net::Patience patience) {
    return both.loop.readable(from, std::move(patience));
  };
  std::optional<PipePool::Borrowed> pipe;
  for (int turn = 1;; ++turn) {
    // Two fast ends must not keep the loop from everybody else.
    if (turn % kTurnsAtOnce == 0) co_await both.loop.yield();
    if (!pipe) pipe = CO_TRY(pipes.take());
    const auto got = CO_TRY(os::splice_some(from, pipe->ends.writer.get(), kAtOnce));
    if (!got) {
      pipes.give_back(*std::exchange(pipe, std::nullopt));
      CO_TRY(co_await wait_to_read(both, readable, idle));
      continue;
    }
    if (*got == 0) {
      pipes.give_back(*std::exchange(pipe, std::nullopt));
      (void)os::shut_write(to);  // who has ended meanwhile need not be told
      co_return Result<void>();
    }
    both.last_byte = both.loop.now();
    CO_TRY(count(carried, *got, most));
    CO_TRY(co_await drain(both, pipe->ends, to, *got, idle));
  }
}

net::Task<Result<void>> carry(Both& both, net::ByteStream& from, net::ByteStream& to,
                              std::uint64_t& carried, std::uint64_t most, Duration idle) {
  const auto readable = [&from](net::Patience patience) {
    return from.readable(std::move(patience));
  };
  const auto so_long = [&both, idle] {
    return net::Patience{.deadline = both.loop.now() + idle, .token = both.ending.token()};
  };
  for (int turn = 1;; ++turn) {
    if (turn % kTurnsAtOnce == 0) co_await both.loop.yield();
    CO_TRY(co_await wait_to_read(both, readable, idle));
    const std::string bytes = CO_TRY(co_await from.read(so_long()));
    if (bytes.empty()) {
      (void)co_await to.finish(so_long());  // who has ended meanwhile need not be told
      co_return Result<void>();
    }
    both.last_byte = both.loop.now();
    CO_TRY(count(carried, bytes.size(), most));
    CO_TRY(co_await to.write(bytes, so_long()));
    both.last_byte = both.loop.now();
  }
}

net::Task<void> one_way(std::shared_ptr<Both> both, net::Task<Result<void>> carrying) {
  auto done = co_await std::move(carrying);
  if (!done) both->fail(std::move(done).error());
}

net::Task<Result<void>> both_ways(std::shared_ptr<Both> both, net::Task<Result<void>> up,
                                  net::Task<Result<void>> down) {
  net::TaskGroup directions(both->loop);
  directions.spawn(one_way(both, std::move(up)));
  co_await one_way(both, std::move(down));
  (void)co_await directions.wait();
  if (both->error) co_return *std::move(both->error);
  co_return Result<void>();
}

std::shared_ptr<Both> begin(net::Loop& loop, const net::Patience& patience) {
  return std::make_shared<Both>(
      Both{loop, loop.now(), net::CancelSource(patience.token), std::nullopt});
}

}  // namespace

Result<PipePool::Borrowed> PipePool::take() {
  if (free_.empty()) {
    Borrowed made{TRY(os::make_pipe()), nullptr};
    if (large() < kMostLarge && os::set_pipe_size(made.ends.writer.get(), kLarge))
      made.large = mark_;
    return made;
  }
  Borrowed pipe = std::move(free_.back());
  free_.pop_back();
  return pipe;
}

void PipePool::give_back(Borrowed pipe) {
  if (free_.size() < kMostKept) free_.push_back(std::move(pipe));
}

net::Task<Result<void>> relay(net::Loop& loop, PipePool& pipes, int inside, int outside,
                              Carried& carried, RelayLimits limits, net::Patience patience) {
  const auto both = begin(loop, patience);
  auto done = co_await both_ways(
      both, carry(*both, pipes, inside, outside, carried.up, limits.up, limits.idle),
      carry(*both, pipes, outside, inside, carried.down, limits.down, limits.idle));
  if (!done) {
    os::reset_on_close(inside);
    os::reset_on_close(outside);
  }
  co_return done;
}

net::Task<Result<void>> relay(net::Loop& loop, net::ByteStream& inside, net::ByteStream& outside,
                              Carried& carried, RelayLimits limits, net::Patience patience) {
  const auto both = begin(loop, patience);
  co_return co_await both_ways(
      both, carry(*both, inside, outside, carried.up, limits.up, limits.idle),
      carry(*both, outside, inside, carried.down, limits.down, limits.idle));
}

}  // namespace glovebox::egress
