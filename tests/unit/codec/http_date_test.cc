#include <catch2/catch_test_macros.hpp>

#include "codec/http_head.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

constexpr WallTime kNow{1'795'534'951'000'000};  // 2026-11-24T15:42:31Z

}  // namespace

TEST_CASE("a text that is no HTTP date is refused") {
  for (const char* text : {"",
                           "Sun",
                           "Sun, 06 Nov 1994",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 94",
                           "Foo, 06 Nov 1994 08:49:37 GMT",
                           "1994-11-06T08:49:37Z",
                           "Sun, 00 Nov 1994 08:49:37 GMT"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_http_date(text, kNow));
  }
}

TEST_CASE("the three forms of a date are one time") {
  constexpr WallTime kTime{784'111'777'000'000};
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"})
    CHECK(parse_http_date(text, kNow).value() == kTime);
  CHECK(format_http_date(kTime) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(parse_http_date(format_http_date(kNow), kNow).value() == kNow);
  // More than 50 years ahead is the past century.
  CHECK(format_http_date(parse_http_date("Monday, 01-Jan-76 00:00:00 GMT", kNow).value())
            .contains(" 2076 "));
  CHECK(format_http_date(parse_http_date("Monday, 01-Jan-77 00:00:00 GMT", kNow).value())
            .contains(" 1977 "));
}

TEST_CASE("a wait is a number or a date, bounded") {
  for (const char* text :
       {"", " 1", "1 ", "-1", "+1", "1e3", "inf", "nan", ".5", "1.", "1.2.3", "0x10", "soon"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_retry_after(text, kNow));
    CHECK_FALSE(parse_retry_after_ms(text));
  }
  CHECK(parse_retry_after("0", kNow).value() == seconds(0));
  CHECK(parse_retry_after("7", kNow).value() == seconds(7));
  CHECK(parse_retry_after("1.5", kNow).value() == milliseconds(1500));
  CHECK(parse_retry_after("99999999999999999999999", kNow).value() == kMaxRetryAfter);
  CHECK(parse_retry_after("Tue, 24 Nov 2026 15:42:41 GMT", kNow).value() == seconds(10));
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow).value() == seconds(0));
  CHECK(parse_retry_after("Sun, 06 Nov 2994 08:49:37 GMT", kNow).value() == kMaxRetryAfter);
  // Further away than nanoseconds in 64 bits reach.
  CHECK(parse_retry_after("Sun, 06 Nov 0973 08:49:37 GMT", kNow).value() == seconds(0));
  CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kNow).value() == kMaxRetryAfter);
  CHECK(parse_retry_after_ms("250").value() == milliseconds(250));
}

TEST_CASE("of two headers the one in milliseconds wins, if it says anything") {
  CHECK_FALSE(retry_delay({}, {}, kNow));
  CHECK_FALSE(retry_delay("0", "0", kNow));
  CHECK_FALSE(retry_delay("x", "y", kNow));
  CHECK(retry_delay("200", "7", kNow) == milliseconds(200));
  CHECK(retry_delay("0", "7", kNow) == seconds(7));
  CHECK(retry_delay("x", "7", kNow) == seconds(7));
  CHECK(retry_delay("200", {}, kNow) == milliseconds(200));
}
