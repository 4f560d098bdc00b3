#include "cli/quantity.h"

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string_view>

using namespace glovebox;
using namespace glovebox::cli;

TEST_CASE("a time that is none is refused") {
  const std::string_view rows[] = {"",
                                   " ",
                                   "s",
                                   "-1s",
                                   "+1s",
                                   "1.5s",
                                   "1 s",
                                   "1S",
                                   "1d",
                                   "1us",
                                   "s1",
                                   "1m30",
                                   "0x1s",
                                   "1s\n",
                                   "1s,",
                                   "٣s",
                                   "1mm",
                                   "721h",
                                   "1h721h",
                                   "720h1ms",
                                   "43201m",
                                   "9223372036854775807h",
                                   "99999999999999999999s"};
  for (const std::string_view text : rows) {
    INFO(text);
    CHECK_FALSE(parse_time_span(text));
  }
}

TEST_CASE("a time has a unit of its own for each number, or is a number of seconds") {
  struct Row {
    std::string_view text;
    Duration span;
  };
  const Row rows[] = {{"0", Duration::zero()},
                      {"0s", Duration::zero()},
                      {"1", seconds(1)},
                      {"90", seconds(90)},
                      {"250ms", milliseconds(250)},
                      {"60s", seconds(60)},
                      {"1m30s", seconds(90)},
                      {"1m1ms", milliseconds(60'001)},
                      {"2h", seconds(7200)},
                      {"1h1m1s1ms", milliseconds(3'661'001)},
                      {"720h", seconds(720 * 3600)}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto span = parse_time_span(row.text);
    REQUIRE(span);
    CHECK(*span == row.span);
  }
}

TEST_CASE("a count outside its range, or with anything but digits, is refused") {
  for (const std::string_view text :
       {"", "0", "11", "-1", "+1", "1 ", " 1", "0x1", "1e0", "1.0", "99999999999999999999"}) {
    INFO(text);
    const auto count = parse_count(text, 1, 10);
    REQUIRE_FALSE(count);
    CHECK(count.error().message().contains("a number from 1 to 10"));
  }
}

TEST_CASE("a count within its range is read as decimal") {
  CHECK(parse_count("1", 1, 10).value() == 1);
  CHECK(parse_count("10", 1, 10).value() == 10);
  CHECK(parse_count("010", 1, 10).value() == 10);
}

TEST_CASE("how long a session is kept") {
  struct Row {
    std::string_view text;
    std::optional<Duration> span;
  };
  const Row rows[] = {{"", std::nullopt},
                      {"7d", std::nullopt},
                      {"idle", std::nullopt},
                      {"idle:", std::nullopt},
                      {"idle:0", std::nullopt},
                      {"idle:0s", std::nullopt},
                      {"idle:999ms", std::nullopt},
                      {"idle:0d", std::nullopt},
                      {"idle:-1d", std::nullopt},
                      {"idle:1d1h", std::nullopt},
                      {"idle:3651d", std::nullopt},
                      {"idle:99999999999999999999d", std::nullopt},
                      {"idle: 7d", std::nullopt},
                      {"Forever", std::nullopt},
                      {"forever", Duration::zero()},
                      {"idle:1s", seconds(1)},
                      {"idle:1h30m", seconds(5400)},
                      {"idle:7d", seconds(7 * 24 * 3600)},
                      {"idle:3650d", seconds(3650LL * 24 * 3600)}};
  for (const Row& row : rows) {
    INFO(row.text);
    const auto span = parse_keep(row.text);
    REQUIRE(span.has_value() == row.span.has_value());
    if (span) CHECK(*span == *row.span);
  }
}
