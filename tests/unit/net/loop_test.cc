#include "net/loop.h"

#include <chrono>
#include <cstdint>

#include "net/event.h"
#include "os/file.h"
#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;

Task<int> count_down(int depth) {
  if (depth == 0) co_return 0;
  co_return 1 + co_await count_down(depth - 1);
}

TEST_CASE("a long chain of tasks uses no stack") {
  World world;
  const auto got =
      world.run([]() -> Task<Result<int>> { co_return co_await count_down(200'000); }());
  CHECK(*got == 200'000);
}

TEST_CASE("nothing runs before it is awaited") {
  World world;
  bool ran = false;
  const auto make = [](bool& flag) -> Task<void> {
    flag = true;
    co_return;
  };
  {
    auto unused = make(ran);
  }
  CHECK_FALSE(ran);
  world.loop->spawn(make(ran));
  CHECK_FALSE(ran);
  REQUIRE(world.loop->run());
  CHECK(ran);
  CHECK(world.loop->tasks() == 0);
}

// Its wall clock is set whenever somebody looks, a day forward and two back.
class SetClock final : public Clock {
 public:
  WallTime wall() const override {
    constexpr std::int64_t kDay = microseconds(std::chrono::hours(24)).count();
    offset_ += ++looks_ % 2 == 0 ? -2 * kDay : kDay;
    return {real_.wall().microseconds + offset_};
  }
  Duration boot() const override { return real_.boot(); }
  Duration monotonic() const override { return real_.monotonic(); }

 private:
  SystemClock real_;
  mutable std::int64_t offset_ = 0;
  mutable int looks_ = 0;
};

TEST_CASE("waits do not follow the wall clock") {
  const SetClock clock;
  const auto loop = *Loop::make(clock);
  Event never(*loop);
  const auto waited = loop->run_until([](Loop& on, Event& event) -> Task<Result<Duration>> {
    const Duration begin = on.now();
    for (int i = 0; i < 5; ++i) {
      (void)on.clock().wall();
      co_await on.sleep(milliseconds(4));
      const auto late = co_await event.wait({.deadline = on.now() + milliseconds(4)});
      if (late || late.error().kind() != ErrorKind::timeout)
        co_return Error(ErrorKind::internal, "a deadline that did not come");
    }
    co_return on.now() - begin;
  }(*loop, never));
  REQUIRE(waited);
  CHECK(*waited >= milliseconds(40));
  CHECK(*waited < kTooLong);
}

// Says when it ends, however it ends.
struct Trace {
  std::string& out;
  const char* text;
  ~Trace() { out += text; }
};

TEST_CASE("a task that is destroyed while it waits") {
  std::string out;
  World world;
  Event event(*world.loop);
  const auto wait = [](Event& on, std::string& to, const char* text) -> Task<void> {
    const Trace trace{to, text};
    (void)co_await on.wait();
    to += "never";
  };
  SECTION("with the loop") {
    world.loop->spawn(wait(event, out, "a"));
    world.loop->spawn(wait(event, out, "b"));
    world.run(world.loop->yield());
    world.run(world.loop->yield());
    CHECK(world.loop->tasks() == 2);
    world.loop.reset();
    CHECK(out == "ab");
  }
  SECTION("after it was woken, before it ran") {
    world.loop->spawn(wait(event, out, "a"));
    world.run(world.loop->yield());
    event.set();
    world.loop.reset();
    CHECK(out == "a");
  }
}

TEST_CASE("timers fire in order, not before their time") {
  World world;
  std::string order;
  const auto after = [](Loop& loop, int ms, std::string& out) -> Task<void> {
    const Duration start = loop.now();
    co_await loop.sleep(milliseconds(ms));
    CHECK(loop.now() - start >= milliseconds(ms));
    out += std::to_string(ms) + " ";
  };
  for (const int ms : {30, 10, 20, 0}) world.loop->spawn(after(*world.loop, ms, order));
  REQUIRE(world.loop->run());
  CHECK(order == "0 10 20 30 ");
}

TEST_CASE("how a wait ends") {
  World world;
  Event event(*world.loop);
  CancelSource source;
  struct Row {
    const char* name;
    Patience patience;
    std::optional<ErrorKind> kind;
    std::function<void()> meanwhile;
  };
  const Row rows[] = {
      {"set", {}, std::nullopt, [&] { event.set(); }},
      {"deadline", {world.loop->now() + milliseconds(5), {}}, ErrorKind::timeout, [] {}},
      {"deadline past", {world.loop->now() - seconds(1), {}}, ErrorKind::timeout, [] {}},
      {"set before cancelled",
       {std::nullopt, source.token()},
       std::nullopt,
       [&] {
         event.set();
         source.cancel();
       }},
      {"cancelled already", {std::nullopt, source.token()}, ErrorKind::cancelled, [] {}},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    event.clear();
    world.loop->spawn([](Loop& loop, const Row& r) -> Task<void> {
      co_await loop.yield();
      r.meanwhile();
    }(*world.loop, row));
    const auto got = world.run(event.wait(row.patience));
    CHECK(got.has_value() == !row.kind.has_value());
    if (!got) CHECK(got.error().kind() == *row.kind);
    world.run(world.loop->yield());
    world.run(world.loop->yield());
  }
}

TEST_CASE("cancelling reaches children and not parents") {
  CancelSource parent;
  CancelSource child(parent.token());
  CancelSource grandchild(child.token());
  CancelSource other(parent.token());
  child.cancel();
  CHECK(grandchild.cancelled());
  CHECK_FALSE(parent.cancelled());
  CHECK_FALSE(other.cancelled());
  parent.cancel();
  CHECK(other.cancelled());
  CHECK(CancelSource(parent.token()).cancelled());
  CHECK_FALSE(CancelToken().cancelled());
}

TEST_CASE("a parent that ends before its children") {
  auto parent = std::make_unique<CancelSource>();
  CancelSource child(parent->token());
  CancelSource survivor{CancelToken()};
  parent->cancel();
  parent.reset();
  CHECK(child.cancelled());
  CHECK_FALSE(survivor.cancelled());
}

TEST_CASE("sleep with patience") {
  World world;
  CHECK(world.run(world.loop->sleep(milliseconds(1), world.soon())));
  const auto cut =
      world.run(world.loop->sleep(kTooLong, {world.loop->now() + milliseconds(2), {}}));
  REQUIRE_FALSE(cut);
  CHECK(cut.error().kind() == ErrorKind::timeout);
}

TEST_CASE("waiting for descriptors") {
  World world;
  os::Pipe pipe = *os::make_pipe();
  SECTION("twice the same") {
    world.loop->spawn([](Loop& loop, int fd) -> Task<void> { (void)co_await loop.readable(fd); }(
                                                 *world.loop, pipe.reader.get()));
    world.run(world.loop->yield());
    const auto second = world.run(world.loop->readable(pipe.reader.get()));
    REQUIRE_FALSE(second);
    CHECK(second.error().kind() == ErrorKind::internal);
  }
  SECTION("readable, again and again, and its end") {
    const auto idle = world.run(
        world.loop->readable(pipe.reader.get(), {world.loop->now() + milliseconds(2), {}}));
    REQUIRE_FALSE(idle);
    CHECK(idle.error().kind() == ErrorKind::timeout);
    for (int i = 0; i < 3; ++i) {
      REQUIRE(os::write_all(pipe.writer.get(), "x"));
      CHECK(world.run(world.loop->readable(pipe.reader.get(), world.soon())));
      char byte;
      REQUIRE(os::read_some(pipe.reader.get(), &byte, 1));
    }
    pipe.writer.reset();
    CHECK(world.run(world.loop->readable(pipe.reader.get(), world.soon())));
  }
  SECTION("a number that is used anew") {
    const int number = pipe.reader.get();
    CHECK_FALSE(world.run(world.loop->readable(number, {world.loop->now() + milliseconds(1), {}})));
    pipe = *os::make_pipe();
    REQUIRE(os::write_all(pipe.writer.get(), "x"));
    CHECK(world.run(world.loop->readable(pipe.reader.get(), world.soon())));
  }
  SECTION("a file cannot be waited for") {
    const UniqueFd file = *os::open_path("/proc/self/status", 0);
    CHECK_FALSE(world.run(world.loop->readable(file.get(), world.soon())));
  }
}

TEST_CASE("a queue keeps order, wakes takers and ends") {
  World world;
  Queue<int> queue(*world.loop);
  std::vector<int> got;
  TaskGroup takers(*world.loop);
  const auto take = [](Queue<int>& from, std::vector<int>& to) -> Task<void> {
    for (;;) {
      auto value = co_await from.take();
      if (!value || !*value) co_return;
      to.push_back(**value);
    }
  };
  for (int i = 0; i < 3; ++i) takers.spawn(take(queue, got));
  world.loop->spawn([](Loop& loop, Queue<int>& to) -> Task<void> {
    for (int i = 0; i < 10; ++i) {
      to.push(i);
      if (i % 3 == 0) co_await loop.yield();
    }
    to.close();
    to.push(99);
  }(*world.loop, queue));
  REQUIRE(world.run(takers.wait(world.soon())));
  CHECK(got == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(takers.running() == 0);
}

TEST_CASE("stop leaves the rest for the next run") {
  World world;
  int runs = 0;
  const auto stopper = [](Loop& loop, int& count) -> Task<void> {
    ++count;
    loop.stop();
    co_return;
  };
  for (int i = 0; i < 3; ++i) world.loop->spawn(stopper(*world.loop, runs));
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(world.loop->run());
    CHECK(runs == i);
  }
}

}  // namespace
}  // namespace glovebox::net
