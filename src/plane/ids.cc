#include "plane/ids.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace glovebox::plane {

std::string make_id(Random& random, std::string_view prefix) {
  return std::string(prefix) + random.hex(12);
}

codec::Json time_json(const std::optional<WallTime>& time) {
  return time ? codec::Json(to_rfc3339(*time)) : codec::Json();
}

namespace {

// Takes `digits` decimal digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view one_of) {
  if (text.empty() || one_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  std::int64_t micros = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1))
    if (++digits <= 6) micros = micros * 10 + (text.front() - '0');
  if (digits == 0 || digits > 9) return std::nullopt;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

std::optional<std::int64_t> take_offset_minutes(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const std::optional<int> hours = take_number(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const std::optional<int> minutes = take_number(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second) return std::nullopt;
  const auto micros = take_fraction(text);
  const auto offset = micros ? take_offset_minutes(text) : std::nullopt;
  if (!offset || !text.empty() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minutes = (days * 24 + *hour) * 60 + *minute - *offset;
  const std::int64_t seconds = minutes * 60 + *second;
  return WallTime{seconds * 1'000'000 + *micros};
}

}  // namespace glovebox::plane
