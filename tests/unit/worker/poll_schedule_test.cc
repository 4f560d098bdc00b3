#include "worker/poll_schedule.h"

#include <catch2/catch_test_macros.hpp>

#include "support.h"

using namespace glovebox;
using namespace glovebox::worker;

TEST_CASE("an empty poll is followed by one to three seconds") {
  PollSchedule schedule;
  SystemRandom random;
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = schedule.after_empty(random);
    REQUIRE(wait >= seconds(1));
    REQUIRE(wait <= seconds(3));
  }
}

TEST_CASE("errors back off to a minute and an answer forgets them") {
  PollSchedule schedule;
  SameBytes random;
  Duration last{};
  for (int i = 0; i < 20; ++i) last = schedule.after_error(random);
  CHECK(last == seconds(60));
  schedule.answered();
  CHECK(schedule.after_error(random) == seconds(1));
  CHECK(schedule.after_fatal(random) == seconds(60));
}

TEST_CASE("empty polls are news once in five minutes") {
  IdleLog log;
  CHECK(log.empty(seconds(10)) == LogLevel::info);
  CHECK(log.empty(seconds(12)) == LogLevel::debug);
  CHECK(log.empty(seconds(309)) == LogLevel::debug);
  CHECK(log.empty(seconds(310)) == LogLevel::info);
  log.claimed();
  CHECK(log.empty(seconds(311)) == LogLevel::info);
}
