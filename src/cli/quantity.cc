#include "cli/quantity.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <format>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "audit/wal_sizes.h"
#include "plane/ids.h"

namespace glovebox::cli {

namespace {

constexpr Duration kLongest = std::chrono::hours(24 * 30);

std::optional<std::int64_t> take_digits(std::string_view& text) {
  std::int64_t value = 0;
  if (text.starts_with('-')) return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return value;
}

}  // namespace

Result<Duration> parse_time_span(std::string_view text) {
  // The first that fits is meant: ms stands before m.
  static constexpr std::pair<std::string_view, Duration> kUnits[] = {
      {"ms", milliseconds(1)}, {"s", seconds(1)}, {"m", seconds(60)}, {"h", seconds(3600)}};
  const Error bad(ErrorKind::invalid, "a duration is written as 60s, 1m30s, 250ms, 2h or 0");
  const Error long_one(ErrorKind::invalid, "a duration is at most 720h");
  if (text.empty()) return bad;
  Duration sum{};
  for (bool first = true; !text.empty(); first = false) {
    const auto number = take_digits(text);
    if (!number) return bad;
    Duration unit = seconds(1);
    if (!first || !text.empty()) {
      const auto named = std::ranges::find_if(
          kUnits, [&](const auto& pair) { return text.starts_with(pair.first); });
      if (named == std::end(kUnits)) return bad;
      text.remove_prefix(named->first.size());
      unit = named->second;
    }
    if (*number > (kLongest - sum) / unit) return long_one;
    sum += *number * unit;
  }
  return sum;
}

Result<Duration> parse_keep(std::string_view text) {
  const Error bad(ErrorKind::invalid, "what is kept is `forever` or `idle:TIME`, as in idle:7d");
  constexpr std::string_view kIdle = "idle:";
  constexpr std::int64_t kMostDays = 3650;
  if (text == "forever") return Duration::zero();
  if (!text.starts_with(kIdle)) return bad;
  text.remove_prefix(kIdle.size());
  std::string_view rest = text;
  const auto days = take_digits(rest);
  if (days && rest == "d" && *days >= 1 && *days <= kMostDays)
    return *days * Duration(std::chrono::hours(24));
  const auto span = parse_time_span(text);
  if (!span || *span < seconds(1)) return bad;
  return *span;
}

Result<std::int64_t> parse_count(std::string_view text, std::int64_t least, std::int64_t most) {
  std::string_view rest = text;
  const auto number = take_digits(rest);
  if (!number || !rest.empty() || *number < least || *number > most)
    return Error(ErrorKind::invalid, std::format("a number from {} to {}", least, most));
  return *number;
}

Result<Since> parse_since(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return Since(static_cast<std::uint64_t>(TRY(parse_count(text, 0, kMostRecords))));
  if (const auto time = plane::parse_time(text)) return Since(*time);
  return Error(ErrorKind::invalid, "the index of a record, or a time: 2026-11-24T15:22:31Z");
}

Result<std::uint64_t> parse_log_reserve(std::string_view text) {
  constexpr std::uint64_t kLeast = audit::kLeastWalReserve, kMost = 64 * kGiB;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const std::uint64_t scale = unit == "GiB" ? kGiB : unit == "MiB" ? kMiB : 0;
  if (error != std::errc() || scale == 0 || number > kMost / scale || number * scale < kLeast)
    return Error(ErrorKind::invalid, "16MiB to 64GiB, a whole number of MiB or GiB");
  return number * scale;
}

}  // namespace glovebox::cli
