#include "worker/boxer_link.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace glovebox::worker {
namespace {

constexpr Duration kTooLong = seconds(20);

// A link, and the boxers it is given one after the other.
struct Fixture {
  SystemClock clock;
  Log log{-1, "test", LogLevel::error};
  std::unique_ptr<net::Loop> loop = *net::Loop::make(clock);
  BoxerLink link{*loop, log};
  ipc::Channel boxer;
  net::CancelSource serving;

  void attach() {
    auto pair = *ipc::make_channel_pair();
    boxer = std::move(pair.first);
    link.attach(std::move(pair.second));
  }
  template <class Message>
  void say(const Message& message) {
    REQUIRE(boxer.send(Message::kType, message.encode()));
  }
  template <class Message>
  Message hear() {
    auto envelope = boxer.receive();
    REQUIRE(envelope);
    REQUIRE(*envelope);
    REQUIRE((*envelope)->type == Message::kType);
    return *Message::decode((*envelope)->body);
  }
  // Opens session "s" at a boxer that says what it kept.
  void open(std::vector<std::string> kept) {
    say(ipc::SessionOpened{"s", 1, std::move(kept)});
    ipc::OpenSession message;
    message.session = "s";
    const auto opened =
        loop->run_until([](Fixture& f, ipc::OpenSession m) -> net::Task<Result<int>> {
          net::CancelSource serving;
          f.loop->spawn(f.link.serve({.token = serving.token()}));
          const auto done =
              co_await f.link.open(std::move(m), {.deadline = f.loop->now() + kTooLong});
          serving.cancel();
          if (!done) co_return done.error();
          co_return 0;
        }(*this, std::move(message)));
    REQUIRE(opened);
    CHECK(hear<ipc::OpenSession>().session == "s");
  }
};

using Names = std::vector<std::string>;

TEST_CASE("results that the boxer kept are known until they are settled") {
  Fixture test;
  CHECK(test.link.kept("s").empty());  // not open
  test.attach();
  test.open({"a", "b"});
  CHECK(test.link.kept("s") == Names{"a", "b"});
  CHECK(test.link.kept("t").empty());
  test.link.settled("s", "a");
  CHECK(test.hear<ipc::Settled>().tool_use == "a");
  CHECK(test.link.kept("s") == Names{"b"});
}

TEST_CASE("what was settled while there was no boxer is said to the next one") {
  Fixture test;
  test.attach();
  test.open({"a"});
  test.boxer.close();
  test.link.settled("s", "a");
  CHECK(test.link.kept("s").empty());
  test.attach();
  test.open({"a"});
  CHECK(test.hear<ipc::Settled>().tool_use == "a");
  CHECK(test.link.kept("s").empty());
}

TEST_CASE("a session that the boxer cannot close is left") {
  Fixture test;
  test.attach();
  test.open({});
  ipc::Refused refused;
  refused.session = "s";
  refused.message = "not now";
  test.say(refused);
  const auto closed = test.loop->run_until([](Fixture& f) -> net::Task<Result<int>> {
    net::CancelSource serving;
    f.loop->spawn(f.link.serve({.token = serving.token()}));
    const auto done = co_await f.link.close("s", "done", {.deadline = f.loop->now() + kTooLong});
    serving.cancel();
    if (!done) co_return done.error();
    co_return 0;
  }(test));
  CHECK(closed);
  CHECK(test.hear<ipc::CloseSession>().session == "s");
}

}  // namespace
}  // namespace glovebox::worker
