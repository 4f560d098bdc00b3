// Dates and waits of http_head.h.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <format>

#include "codec/http_head.h"

namespace glovebox::codec {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Reads a text from the left; the first failure makes everything after it fail.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void expect(std::string_view literal) {
    if (!text_.starts_with(literal)) return fail();
    text_.remove_prefix(literal.size());
  }
  bool accept(std::string_view literal) {
    if (failed_ || !text_.starts_with(literal)) return false;
    text_.remove_prefix(literal.size());
    return true;
  }
  // Exactly `digits` decimal digits.
  unsigned number(std::size_t digits) {
    unsigned value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_.empty() || text_[0] < '0' || text_[0] > '9') return fail(), 0u;
      value = value * 10 + static_cast<unsigned>(text_[0] - '0');
      text_.remove_prefix(1);
    }
    return value;
  }
  unsigned month() {
    const auto at = std::ranges::find(kMonths, text_.substr(0, 3));
    if (at == kMonths.end()) return fail(), 0u;
    text_.remove_prefix(3);
    return static_cast<unsigned>(at - kMonths.begin()) + 1;
  }
  bool good() const { return !failed_ && text_.empty(); }

 private:
  void fail() {
    failed_ = true;
    text_ = {};
  }
  std::string_view text_;
  bool failed_ = false;
};

struct Fields {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void scan_clock(Scanner& scan, Fields& fields) {
  fields.hour = scan.number(2);
  scan.expect(":");
  fields.minute = scan.number(2);
  scan.expect(":");
  fields.second = scan.number(2);
}

// RFC 9110: a two-digit year that would lie more than 50 years ahead means the past century.
unsigned full_year(unsigned two_digits, WallTime now) {
  const auto today =
      floor<days>(sys_time<std::chrono::microseconds>(std::chrono::microseconds(now.microseconds)));
  const int this_year = static_cast<int>(year_month_day(today).year());
  const int candidate = this_year - this_year % 100 + static_cast<int>(two_digits);
  return static_cast<unsigned>(candidate > this_year + 50 ? candidate - 100 : candidate);
}

Result<WallTime> to_time(const Fields& f) {
  const year_month_day date{year(static_cast<int>(f.year)), month(f.month), day(f.day)};
  // 60 is a leap second.
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60)
    return Error(ErrorKind::invalid, "HTTP date out of range");
  const auto point =
      sys_days(date) + hours(f.hour) + minutes(f.minute) + std::chrono::seconds(f.second);
  return WallTime{
      std::chrono::duration_cast<std::chrono::microseconds>(point.time_since_epoch()).count()};
}

// `12` or `1.5` in units of `unit`; digits only, so no sign, exponent or `inf`.
Result<Duration> parse_wait(std::string_view text, Duration unit) {
  double value = 0;
  double weight = 0;  // of the next digit behind the point; 0 before the point
  bool digits = false;
  for (const char c : text) {
    if (c == '.' && weight == 0 && digits) {
      weight = 0.1;
      digits = false;
    } else if (c >= '0' && c <= '9') {
      value = weight == 0 ? value * 10 + (c - '0') : value + weight * (c - '0');
      weight /= 10;
      digits = true;
    } else {
      return Error(ErrorKind::invalid, "not a number of seconds or milliseconds");
    }
  }
  if (!digits) return Error(ErrorKind::invalid, "not a number of seconds or milliseconds");
  const double most = static_cast<double>(kMaxRetryAfter.count());
  const double wait = std::min(value * static_cast<double>(unit.count()), most);
  return Duration(std::llround(wait));
}

}  // namespace

Result<WallTime> parse_http_date(std::string_view text, WallTime now) {
  for (const std::string_view day : kDays) {
    const std::string_view brief = day.substr(0, 3);
    Scanner scan(text);
    Fields fields;
    if (scan.accept(day) && scan.accept(", ")) {  // RFC 850
      fields.day = scan.number(2);
      scan.expect("-");
      fields.month = scan.month();
      scan.expect("-");
      fields.year = full_year(scan.number(2), now);
      scan.expect(" ");
      scan_clock(scan, fields);
      scan.expect(" GMT");
    } else if (scan = Scanner(text); scan.accept(brief) && scan.accept(", ")) {  // IMF-fixdate
      fields.day = scan.number(2);
      scan.expect(" ");
      fields.month = scan.month();
      scan.expect(" ");
      fields.year = scan.number(4);
      scan.expect(" ");
      scan_clock(scan, fields);
      scan.expect(" GMT");
    } else if (scan = Scanner(text); scan.accept(brief) && scan.accept(" ")) {  // asctime
      fields.month = scan.month();
      scan.expect(" ");
      fields.day = scan.accept(" ") ? scan.number(1) : scan.number(2);
      scan.expect(" ");
      scan_clock(scan, fields);
      scan.expect(" ");
      fields.year = scan.number(4);
    } else {
      continue;
    }
    if (scan.good()) return to_time(fields);
  }
  return Error(ErrorKind::invalid, "not an HTTP date");
}

std::string format_http_date(WallTime time) {
  const sys_time<std::chrono::microseconds> point{std::chrono::microseconds(time.microseconds)};
  const auto day = floor<days>(point);
  const year_month_day date(day);
  const hh_mm_ss<std::chrono::seconds> clock(floor<std::chrono::seconds>(point - day));
  return std::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(day).c_encoding()].substr(0, 3),
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

Result<Duration> parse_retry_after(std::string_view value, WallTime now) {
  if (Result<Duration> wait = parse_wait(value, std::chrono::seconds(1))) return wait;
  const WallTime until = TRY_CONTEXT(parse_http_date(value, now), "retry-after");
  const std::chrono::microseconds wait(until.microseconds - now.microseconds);
  // Compared first: a date in another millennium does not fit the nanoseconds of a Duration.
  if (wait.count() <= 0) return Duration(0);
  const auto most = std::chrono::duration_cast<std::chrono::microseconds>(kMaxRetryAfter);
  return Duration(std::min(wait, most));
}

Result<Duration> parse_retry_after_ms(std::string_view value) {
  return parse_wait(value, std::chrono::milliseconds(1));
}

std::optional<Duration> retry_delay(std::optional<std::string_view> retry_after_ms,
                                    std::optional<std::string_view> retry_after, WallTime now) {
  const auto positive = [](const Result<Duration>& wait) { return wait && *wait > Duration(0); };
  if (retry_after_ms)
    if (const Result<Duration> wait = parse_retry_after_ms(*retry_after_ms); positive(wait))
      return *wait;
  if (retry_after)
    if (const Result<Duration> wait = parse_retry_after(*retry_after, now); positive(wait))
      return *wait;
  return std::nullopt;
}

}  // namespace glovebox::codec
