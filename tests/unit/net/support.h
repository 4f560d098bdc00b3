// What the tests of net/ share: a loop, a scripted peer, a way to run one task.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "codec/url.h"
#include "net/byte_stream.h"
#include "net/connector.h"
#include "net/dial.h"
#include "net/event.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/task.h"

namespace glovebox::net::testing {

inline codec::IpAddress loopback() {
  return codec::IpAddress::v4({127, 0, 0, 1});
}

// Nobody waits longer in a test; reaching it is a failure of the test.
constexpr Duration kTooLong = seconds(20);

struct World {
  SystemClock clock;
  std::unique_ptr<Loop> loop = *Loop::make(clock);
  std::unique_ptr<Resolver> resolver = *make_resolver(*loop, {});
  TcpDialer dialer{*loop, *resolver};
  Connector connector{dialer, ProxyRules(), std::nullopt};

  Patience soon() const { return {loop->now() + kTooLong, {}}; }

  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return loop->run_until(std::move(task));
  }
  void run(Task<void> task) {
    const auto done = loop->run_until([](Task<void> inner) -> Task<Result<int>> {
      co_await std::move(inner);
      co_return 0;
    }(std::move(task)));
    REQUIRE(done);
  }
};

inline codec::BaseUrl url_of(std::uint16_t port, std::string_view prefix = "") {
  return *codec::BaseUrl::parse("http://127.0.0.1:" + std::to_string(port) + std::string(prefix));
}

// Accepts connections and gives each to the script, with its number from 0.
class Peer {
 public:
  using Script = std::function<Task<void>(StreamPtr stream, int number)>;
  Peer(World& world, Script script)
      : listener_(*Listener::open(*world.loop, loopback(), 0)), port_(listener_.port()) {
    world.loop->spawn(serve(*world.loop, std::move(listener_), std::move(script), seen_));
  }
  std::uint16_t port() const { return port_; }
  int connections() const { return *seen_; }

 private:
  static Task<void> serve(Loop& loop, Listener listener, Script script, std::shared_ptr<int> seen) {
    for (;;) {
      auto socket = co_await listener.accept({});
      if (!socket) co_return;
      loop.spawn(script(make_socket_stream(loop, *std::move(socket)), (*seen)++));
    }
  }
  Listener listener_;
  std::uint16_t port_;
  std::shared_ptr<int> seen_ = std::make_shared<int>(0);
};

// What arrives up to and with the blank line of a head.
inline Task<std::string> read_head(ByteStream& stream) {
  std::string all;
  while (all.find("\r\n\r\n") == std::string::npos) {
    auto bytes = co_await stream.read({});
    if (!bytes || bytes->empty()) break;
    all += *bytes;
  }
  co_return all;
}

}  // namespace glovebox::net::testing
