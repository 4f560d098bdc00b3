#include "worker/retry_rules.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "support.h"

using namespace glovebox;
using namespace glovebox::worker;

TEST_CASE("what an answer means") {
  struct Row {
    std::string name;
    int status;
    RetryHints hints;
    AnswerClass answer;
    bool retry;
  };
  const std::vector<Row> rows = {
      {"bad request", 400, {}, AnswerClass::fatal, false},
      {"wrong key", 401, {}, AnswerClass::fatal, false},
      {"forbidden", 403, {}, AnswerClass::fatal, false},
      {"unknown", 404, {}, AnswerClass::fatal, false},
      {"lost lease", 412, {}, AnswerClass::fatal, false},
      {"the server forbids the retry",
       503,
       {.should_retry = "false"},
       AnswerClass::transient,
       false},
      {"the server asks for a retry", 400, {.should_retry = "true"}, AnswerClass::fatal, true},
      {"other words count as absent", 400, {.should_retry = "yes"}, AnswerClass::fatal, false},
      {"a success is never retried", 200, {.should_retry = "true"}, AnswerClass::done, false},
      {"request timeout", 408, {}, AnswerClass::transient, true},
      {"conflict", 409, {}, AnswerClass::transient, true},
      {"rate limit", 429, {}, AnswerClass::transient, true},
      {"server error", 500, {}, AnswerClass::transient, true},
      {"overloaded", 529, {}, AnswerClass::transient, true},
      {"redirect: nobody follows it", 302, {}, AnswerClass::transient, false},
      {"no content", 204, {}, AnswerClass::done, false},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(classify(row.status) == row.answer);
    CHECK(should_retry(row.status, row.hints) == row.retry);
  }
}

TEST_CASE("a backoff doubles to its cap and starts again") {
  SameBytes random;
  Backoff backoff(seconds(1), seconds(5));
  std::vector<Duration> waits;
  for (int i = 0; i < 5; ++i) waits.push_back(backoff.next(random));
  CHECK(waits == std::vector<Duration>{seconds(1), seconds(2), seconds(4), seconds(5), seconds(5)});
  backoff.reset();
  CHECK(backoff.next(random) == seconds(1));
}

TEST_CASE("jitter takes at most a quarter") {
  SystemRandom random;
  for (int i = 0; i < 1000; ++i) {
    const Duration wait = shortened(seconds(4), random);
    REQUIRE(wait <= seconds(4));
    REQUIRE(wait >= seconds(3));
  }
  CHECK(shortened(Duration::zero(), random) == Duration::zero());
}

TEST_CASE("how long one call waits") {
  struct Row {
    std::string name;
    RetryHints hints;
    Duration wait;
  };
  const std::vector<Row> rows = {
      {"nothing asked", {}, milliseconds(500)},
      {"negative is nothing", {.retry_after = "-1"}, milliseconds(500)},
      {"nonsense is nothing", {.retry_after = "soon"}, milliseconds(500)},
      {"milliseconds win", {.retry_after_ms = "20", .retry_after = "9"}, milliseconds(20)},
      {"seconds", {.retry_after = "9"}, seconds(9)},
      {"a date", {.retry_after = "Thu, 01 Jan 1970 00:00:12 GMT"}, seconds(12)},
      {"a date that is past", {.retry_after = "Thu, 01 Jan 1970 00:00:00 GMT"}, milliseconds(500)},
      {"nobody waits for an hour", {.retry_after = "3600"}, seconds(60)},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    SameBytes random;
    Backoff backoff(kCallBackoffFirst, kCallBackoffCap);
    CHECK(call_wait(row.hints, backoff, random, WallTime{}) == row.wait);
  }
}

TEST_CASE("what a server asks for is bounded, and a date is measured by the server's clock") {
  constexpr WallTime now{1'795'600'000'000'000};  // 2026-11-25 09:46:40 UTC
  struct Row {
    std::string name;
    RetryHints hints;
    std::optional<Duration> wait;
  };
  for (const Row& row : std::vector<Row>{
           {"nothing", {}, std::nullopt},
           {"nonsense", {.retry_after = "soon"}, std::nullopt},
           {"seconds", {.retry_after = "7"}, seconds(7)},
           {"too long", {.retry_after = "86400"}, kLongestServerWait},
           {"milliseconds first", {.retry_after_ms = "250", .retry_after = "7"}, milliseconds(250)},
           {"a date", {.retry_after = "Wed, 25 Nov 2026 09:46:50 GMT"}, seconds(10)},
           {"a date far ahead",
            {.retry_after = "Wed, 25 Nov 2037 09:46:50 GMT"},
            kLongestServerWait},
       }) {
    INFO(row.name);
    CHECK(asked_wait(row.hints, now) == row.wait);
  }
  // Whatever our own clock says.
  for (const std::int64_t off : {-86'400LL, 0LL, 86'400LL, 40LL * 365 * 86'400}) {
    CAPTURE(off);
    const WallTime set{now.microseconds + off * 1'000'000};
    const RetryHints dated = {.retry_after = "Wed, 25 Nov 2026 09:46:50 GMT",
                              .date = "Wed, 25 Nov 2026 09:46:43 GMT"};
    CHECK(asked_wait(dated, set) == seconds(7));
    CHECK(asked_wait({.retry_after = "7", .date = "nonsense"}, set) == seconds(7));
  }
  CHECK(asked_wait({.retry_after = "Wed, 25 Nov 2026 09:46:50 GMT", .date = "nonsense"}, now) ==
        seconds(10));
  INFO("our clock was set forward, and the answer has no date");
  CHECK(asked_wait({.retry_after = "Wed, 25 Nov 2020 09:46:50 GMT"}, now).value_or(Duration{}) <=
        Duration::zero());
}
