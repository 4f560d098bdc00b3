#include "worker/boxer_link.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ipc/wire.h"

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

TEST_CASE("a session that opens when nobody waits for it any more is closed again") {
  Fixture fixture;
  fixture.attach();
  const auto opened = fixture.loop->run_until([](Fixture& f) -> net::Task<Result<int>> {
    f.loop->spawn(f.link.serve({.token = f.serving.token()}));
    ipc::OpenSession message;
    message.session = "s";
    const auto done =
        co_await f.link.open(std::move(message), {.deadline = f.loop->now() + milliseconds(20)});
    if (!done) co_return done.error();
    co_return 0;
  }(fixture));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind() == ErrorKind::timeout);
  CHECK(fixture.hear<ipc::OpenSession>().session == "s");
  fixture.say(ipc::SessionOpened{"s", 1, {}});
  const auto waited = fixture.loop->run_until([](Fixture& f) -> net::Task<Result<int>> {
    CO_TRY(co_await f.loop->readable(f.boxer.fd(), {.deadline = f.loop->now() + kTooLong}));
    f.serving.cancel();
    co_return 0;
  }(fixture));
  REQUIRE(waited);
  CHECK(fixture.hear<ipc::CloseSession>().session == "s");
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

// What the link says to a call of session "s" while the boxer's answers are there already.
Result<ipc::CallDone> call(Fixture& test, ipc::Call message, Duration within = kTooLong) {
  message.session = "s";
  return test.loop->run_until(
      [](Fixture& f, ipc::Call m, Duration limit) -> net::Task<Result<ipc::CallDone>> {
        net::CancelSource serving;
        f.loop->spawn(f.link.serve({.token = serving.token()}));
        auto done = co_await f.link.call(std::move(m), {.deadline = f.loop->now() + limit});
        serving.cancel();
        co_return done;
      }(test, std::move(message), within));
}

TEST_CASE("a link that gets no other boxer is given up") {
  SystemClock clock;
  const Log log{-1, "test", LogLevel::error};
  const std::unique_ptr<net::Loop> loop = *net::Loop::make(clock);
  BoxerLink link(*loop, log, milliseconds(50));
  auto first = *ipc::make_channel_pair();
  auto second = *ipc::make_channel_pair();
  link.attach(std::move(first.second));
  const auto given_up = [&](Duration within) {
    return loop->run_until(
        [](net::Loop& on, BoxerLink& of, Duration time) -> net::Task<Result<bool>> {
          const auto waited = co_await of.abandoned().wait({.deadline = on.now() + time});
          co_return waited.has_value();
        }(*loop, link, within));
  };
  loop->spawn(link.serve({}));
  INFO("it has a boxer");
  CHECK(*given_up(milliseconds(100)) == false);
  INFO("the next boxer comes in time");
  first.first.close();
  CHECK(*given_up(milliseconds(20)) == false);
  link.attach(std::move(second.second));
  CHECK(*given_up(milliseconds(100)) == false);
  INFO("nobody comes");
  second.first.close();
  CHECK(*given_up(kTooLong) == true);
}

TEST_CASE("what does not fit into a message is refused here and costs nobody the connection") {
  Fixture test;
  test.attach();
  test.open({});
  const std::string long_name(257, 'x');
  for (const ipc::Call& message :
       {ipc::Call{.tool_use = long_name, .tool = "bash"},
        ipc::Call{.tool_use = "c", .tool = long_name},
        ipc::Call{.tool_use = "c", .tool = "bash", .input = std::string(ipc::kMaxBlob + 1, 'x')}}) {
    const auto done = call(test, message);
    REQUIRE_FALSE(done);
    CHECK(done.error().kind() == ErrorKind::denied);
    CHECK(done.error().message().contains("longer than"));
  }
  ipc::CallDone answer;
  answer.session = "s";
  answer.tool_use = "c";
  answer.content = "[]";
  test.say(answer);
  CHECK(call(test, {.tool_use = "c", .tool = "bash"}));
  CHECK(test.hear<ipc::Call>().tool_use == "c");
}

TEST_CASE("a session that was refused is asked for again by its next call") {
  Fixture test;
  test.attach();
  ipc::Refused refused;
  refused.session = "s";
  refused.message = "no space";
  test.say(refused);
  const auto opened = test.loop->run_until([](Fixture& f) -> net::Task<Result<int>> {
    net::CancelSource serving;
    f.loop->spawn(f.link.serve({.token = serving.token()}));
    ipc::OpenSession message;
    message.session = "s";
    const auto done =
        co_await f.link.open(std::move(message), {.deadline = f.loop->now() + kTooLong});
    serving.cancel();
    if (!done) co_return done.error();
    co_return 0;
  }(test));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message() == "no space");
  (void)test.hear<ipc::OpenSession>();
  test.say(refused);
  CHECK(call(test, {.tool_use = "c", .tool = "bash"}).error().message() == "no space");
  (void)test.hear<ipc::OpenSession>();
  test.say(ipc::SessionOpened{"s", 1, {}});
  CHECK(call(test, {.tool_use = "d", .tool = "bash"}, milliseconds(50)).error().kind() ==
        ErrorKind::timeout);
  CHECK(test.hear<ipc::OpenSession>().session == "s");
  CHECK(test.hear<ipc::Call>().tool_use == "d");
}

TEST_CASE("a session that the boxer ended is opened again by its next call") {
  Fixture test;
  test.attach();
  test.open({});
  test.say(ipc::SessionClosed{"s"});
  // It was on its way already.
  CHECK(call(test, {.tool_use = "c", .tool = "bash"}, milliseconds(50)).error().kind() ==
        ErrorKind::timeout);
  CHECK(test.hear<ipc::Call>().tool_use == "c");
  test.say(ipc::SessionOpened{"s", 2, {}});
  CHECK(call(test, {.tool_use = "d", .tool = "bash"}, milliseconds(50)).error().kind() ==
        ErrorKind::timeout);
  CHECK(test.hear<ipc::OpenSession>().session == "s");
  CHECK(test.hear<ipc::Call>().tool_use == "d");
}

}  // namespace
}  // namespace glovebox::worker
