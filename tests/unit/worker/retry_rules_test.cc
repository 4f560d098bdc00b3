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
