#include "plane/ids.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "fakes.h"

namespace glovebox::plane {

TEST_CASE("times that are not RFC 3339 are refused", "[plane]") {
  for (const char* text :
       {"", "2026", "2026-11-24", "2026-11-24T15:22", "2026-11-24T15:22:31", "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T15:60:00Z",
        "2026-11-24T15:22:31.Z", "2026-11-24T15:22:31.1234567890Z", "2026-11-24T15:22:31+0100",
        "2026-11-24T15:22:31+24:00", "2026-11-24T15:22:31Z ", "26-11-24T15:22:31Z"}) {
    INFO(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("times are read in every form", "[plane]") {
  struct Row {
    const char* text;
    std::int64_t microseconds;
  };
  for (const Row& row :
       {Row{"1970-01-01T00:00:00Z", 0}, Row{"1970-01-01T00:00:01.5Z", 1'500'000},
        Row{"1970-01-01T00:00:00.000001999Z", 1}, Row{"1970-01-01T01:00:00+01:00", 0},
        Row{"1969-12-31T23:00:00-01:00", 0}, Row{"2000-02-29t00:00:00z", 951'782'400'000'000}}) {
    INFO(row.text);
    CHECK(parse_time(row.text) == WallTime{row.microseconds});
  }
}

TEST_CASE("what the plane writes as time it reads back", "[plane]") {
  for (const std::int64_t micros : {0LL, 1LL, 1'795'600'000'123'456LL})
    CHECK(parse_time(to_rfc3339({micros})) == WallTime{micros});
}

TEST_CASE("ids carry their prefix and differ", "[plane]") {
  CountingRandom random;
  const std::string first = make_id(random, "sesn_");
  CHECK(first.starts_with("sesn_"));
  CHECK(first.size() == 5 + 24);
  CHECK(first != make_id(random, "sesn_"));
}

}  // namespace glovebox::plane
