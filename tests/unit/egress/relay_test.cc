#include "egress/relay.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string>
#include <thread>

#include "base/clock.h"
#include "net/dial.h"
#include "os/inet.h"

namespace glovebox::egress {
namespace {

struct Pair {
  UniqueFd one, other;
};

os::InetAddress loopback(std::uint16_t port) {
  os::InetAddress at;
  at.bytes = {127, 0, 0, 1};
  at.port = port;
  return at;
}

Pair connected() {
  const UniqueFd listener = os::listen_tcp(loopback(0)).value();
  Pair pair;
  pair.one = os::start_connect(loopback(os::local_port(listener.get()).value())).value();
  while (!pair.other) {
    auto got = os::accept_tcp(listener.get()).value();
    if (got) pair.other = *std::move(got);
  }
  return pair;
}

// A program, the relay's two sockets, a server.
struct Line {
  Pair inner = connected(), outer = connected();
  int program() const { return inner.one.get(); }
  int server() const { return outer.one.get(); }
};

void send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = os::send_some(socket, bytes);
    if (!sent) return;
    if (*sent)
      bytes.remove_prefix(**sent);
    else
      std::this_thread::yield();
  }
}
// Until the end of the stream; nullopt: it was reset.
std::optional<std::string> read_all(int socket) {
  std::string all;
  std::string buffer(65536, '\0');
  for (;;) {
    const auto got = os::receive_some(socket, buffer.data(), buffer.size());
    if (!got) return std::nullopt;
    if (!*got)
      std::this_thread::yield();
    else if (**got == 0)
      return all;
    else
      all.append(buffer, 0, **got);
  }
}

struct Relayed {
  Result<void> end;
  Carried carried;
};

// Waited for at the end of its block.
class Beside {
 public:
  template <class Work>
  explicit Beside(Work work) : thread_(std::move(work)) {}
  ~Beside() { thread_.join(); }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

 private:
  std::thread thread_;
};

enum class Over : std::uint8_t { sockets, streams };

net::Task<Result<void>> relay_over(Over over, net::Loop& on, PipePool& pool, Line& through,
                                   Carried& count, RelayLimits most) {
  const int inside = through.inner.other.get(), outside = through.outer.other.get();
  if (over == Over::sockets) co_return co_await relay(on, pool, inside, outside, count, most, {});
  const auto box = net::make_borrowed_stream(on, inside);
  const auto world = net::make_borrowed_stream(on, outside);
  auto done = co_await relay(on, *box, *world, count, most, {});
  if (!done) os::reset_on_close(inside);
  co_return done;
}

template <class Peers>
Relayed run(Over over, Line& line, RelayLimits limits, const Peers& peers) {
  const SystemClock clock;
  const auto loop = net::Loop::make(clock).value();
  PipePool pipes;
  Carried carried;
  Result<void> end;
  {
    const Beside others([&] { peers(); });
    end = loop->run_until([](Over with, net::Loop& on, PipePool& pool, Line& through,
                             Carried& count, RelayLimits most) -> net::Task<Result<void>> {
      auto done = co_await relay_over(with, on, pool, through, count, most);
      through.inner.other.reset();
      through.outer.other.reset();
      co_return done;
    }(over, *loop, pipes, line, carried, limits));
  }
  return {std::move(end), carried};
}

constexpr RelayLimits kAmple{.idle = seconds(20), .up = kGiB, .down = kGiB};

TEST_CASE("bytes go both ways, and each end passes on its own") {
  const Over over = GENERATE(Over::sockets, Over::streams);
  Line line;
  const std::string up(3'000'000, 'u'), down(5'000'000, 'd');
  std::optional<std::string> at_server, at_program;
  const Relayed relayed = run(over, line, kAmple, [&] {
    const Beside server([&] {
      at_server = read_all(line.server());
      // The program has ended its half; the other one goes on.
      send_all(line.server(), down);
      (void)os::shut_write(line.server());
    });
    send_all(line.program(), up);
    (void)os::shut_write(line.program());
    at_program = read_all(line.program());
  });
  CHECK(relayed.end);
  CHECK(at_server == up);
  CHECK(at_program == down);
  CHECK(relayed.carried.up == up.size());
  CHECK(relayed.carried.down == down.size());
}

TEST_CASE("a reset passes through") {
  const Over over = GENERATE(Over::sockets, Over::streams);
  Line line;
  std::optional<std::string> at_program = "";
  const Relayed relayed = run(over, line, kAmple, [&] {
    send_all(line.program(), "hello");
    char buffer[5];
    while (!os::receive_some(line.server(), buffer, sizeof buffer).value())
      std::this_thread::yield();
    os::reset_on_close(line.server());
    line.outer.one.reset();
    at_program = read_all(line.program());
  });
  CHECK_FALSE(relayed.end);
  CHECK(relayed.end.error().kind() == ErrorKind::closed);
  CHECK_FALSE(at_program);
}

TEST_CASE("a connection that nobody uses ends") {
  const Over over = GENERATE(Over::sockets, Over::streams);
  Line line;
  std::optional<std::string> at_program = "";
  const Relayed relayed = run(over, line, {.idle = milliseconds(50), .up = kGiB, .down = kGiB},
                              [&] { at_program = read_all(line.program()); });
  REQUIRE_FALSE(relayed.end);
  CHECK(relayed.end.error().kind() == ErrorKind::timeout);
  CHECK_FALSE(at_program);
}

TEST_CASE("more bytes than are allowed end it") {
  const Over over = GENERATE(Over::sockets, Over::streams);
  Line line;
  const Relayed relayed = run(over, line, {.idle = seconds(20), .up = 1000, .down = kGiB}, [&] {
    send_all(line.program(), std::string(100'000, 'x'));
    (void)read_all(line.program());
  });
  REQUIRE_FALSE(relayed.end);
  CHECK(relayed.end.error().kind() == ErrorKind::limit);
}

TEST_CASE("few pipes are large, wherever they are") {
  PipePool pool;
  std::vector<PipePool::Borrowed> borrowed;
  for (std::size_t i = 0; i < PipePool::kMostLarge + 3; ++i) borrowed.push_back(*pool.take());
  CHECK(pool.large() == PipePool::kMostLarge);
  CHECK(os::pipe_size(borrowed.front().ends.reader.get()).value() == PipePool::kLarge);
  CHECK(os::pipe_size(borrowed.back().ends.reader.get()).value() < PipePool::kLarge);
  // One that is lost with what it held makes room for another.
  borrowed.erase(borrowed.begin());
  CHECK(pool.large() == PipePool::kMostLarge - 1);
  borrowed.push_back(*pool.take());
  CHECK(pool.large() == PipePool::kMostLarge);
  for (PipePool::Borrowed& pipe : borrowed) pool.give_back(std::move(pipe));
  borrowed.clear();
  CHECK(pool.large() == PipePool::kMostLarge);
  CHECK(pool.take()->ends.reader.get() >= 0);
}

TEST_CASE("a side that does not read holds up its own direction only") {
  const Over over = GENERATE(Over::sockets, Over::streams);
  Line line;
  std::optional<std::string> at_server;
  const Relayed relayed = run(over, line, kAmple, [&] {
    // Nobody reads this until the other way is done.
    const Beside server([&] {
      send_all(line.server(), std::string(20'000'000, 'd'));
      (void)os::shut_write(line.server());
    });
    send_all(line.program(), "ping");
    (void)os::shut_write(line.program());
    at_server = read_all(line.server());
    (void)read_all(line.program());
  });
  CHECK(relayed.end);
  CHECK(at_server == "ping");
  CHECK(relayed.carried.down == 20'000'000);
}

}  // namespace
}  // namespace glovebox::egress
