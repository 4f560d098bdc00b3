// What a network holds back until its call is named. What it carries needs a namespace of its own:
// tests/integration/egress_test.py.
#include "egress/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "net/loop.h"
#include "os/capture.h"

namespace glovebox::egress {
namespace {

class HeldClock final : public Clock {
 public:
  WallTime wall() const override { return {kStart + now_.count() / 1000}; }
  Duration boot() const override { return now_; }
  Duration monotonic() const override { return now_; }
  void pass(Duration time) { now_ += time; }

 private:
  static constexpr std::int64_t kStart = 1'795'600'000'000'000;
  Duration now_{seconds(1)};
};

class NoNames final : public net::Resolver {
 public:
  net::Task<Result<std::vector<codec::IpAddress>>> resolve(codec::HostName,
                                                           net::Patience) override {
    co_return Error(ErrorKind::not_found, "no such name");
  }
};

std::string query(const std::string& label) {
  std::string bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  bytes += static_cast<char>(label.size());
  return bytes + label + std::string("\4test\0\0\1\0\1", 10);
}

// One network that nothing is allowed in, and who asks in it.
struct Bench {
  HeldClock clock;
  std::unique_ptr<net::Loop> loop = *net::Loop::make(clock);
  NoNames resolver;
  UniqueFd nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Log log{nowhere.get(), "egress"};
  Upstream upstream{*loop, resolver, [](const codec::IpAddress&) { return false; }};
  Journal journal{*loop, log};
  PipePool pipes;
  SecretShelf secrets;
  codec::Metrics numbers;
  EgressHost host{*loop, upstream, journal, pipes, log, std::nullopt, secrets, numbers};
  UniqueFd client{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::shared_ptr<Network> network;

  explicit Bench(Shared shared) {
    NetworkListeners listeners;
    listeners.dns.push_back(*os::bind_on_every_address(0, os::InetAddress::Family::v4));
    sockaddr_in at{};
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(listeners.dns[0].get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
    listeners.dns_tcp = *os::listen_on_every_address(0);
    NetworkTags tags;
    tags.session = "s";
    network = Network::start(
        host, std::move(tags), shared,
        std::make_shared<EgressRules>(policy::Profile{}, std::optional<policy::Profile>()),
        std::move(listeners));
    turn();
  }

  void turn() {
    REQUIRE(loop->run_until([](net::Loop& on) -> net::Task<Result<void>> {
      for (int i = 0; i < 4; ++i) co_await on.yield();
      co_return Result<void>();
    }(*loop)));
  }

  // Whether it was answered.
  bool ask(const std::string& label) {
    const std::string bytes = query(label);
    REQUIRE(::send(client.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    turn();
    char answer[512];
    return ::recv(client.get(), answer, sizeof answer, MSG_DONTWAIT) > 0;
  }

  std::uint64_t told() const { return journal.last(); }
};

TEST_CASE("a call that shares its network is told of at once") {
  Bench bench(Shared::by_session);
  CHECK(bench.ask("one"));
  CHECK(bench.told() == 1);
}

TEST_CASE("what happens before its call is named is told when it is") {
  Bench bench(Shared::no);
  CHECK(bench.ask("one"));
  CHECK(bench.ask("two"));
  CHECK(bench.told() == 0);
  bench.network->name_call("call", "bash");
  CHECK(bench.told() == 2);
  CHECK(bench.ask("three"));
  CHECK(bench.told() == 3);
}

TEST_CASE("what happened is told when the call is never named") {
  Bench bench(Shared::no);
  CHECK(bench.ask("one"));
  bench.network->end();
  bench.turn();
  CHECK(bench.told() == 1);
}

TEST_CASE("a network in which too much happens before its call is named ends, and all is told") {
  Bench bench(Shared::no);
  std::uint64_t asked = 0;
  while (asked < kMostHeld - 1) {
    if (asked % RefusalFolder::kMostKinds == 0) bench.clock.pass(RefusalFolder::kWindow);
    REQUIRE(bench.ask("n" + std::to_string(asked++)));
    REQUIRE(bench.told() == 0);
  }
  bench.ask("last");
  CHECK(bench.told() == kMostHeld);
  // Nobody is there any more.
  char answer[512];
  while (::recv(bench.client.get(), answer, sizeof answer, MSG_DONTWAIT) > 0) {
  }
  const std::string later = query("later");
  (void)::send(bench.client.get(), later.data(), later.size(), 0);
  bench.turn();
  CHECK(::recv(bench.client.get(), answer, sizeof answer, MSG_DONTWAIT) < 0);
  CHECK(bench.told() == kMostHeld);
}

}  // namespace
}  // namespace glovebox::egress
