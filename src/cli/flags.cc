#include "cli/flags.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <system_error>
#include <utility>

namespace glovebox::cli {

namespace {

constexpr Duration kLongestDuration = std::chrono::hours(24 * 30);

Error usage(std::string_view name, std::string_view problem) {
  return Error(ErrorKind::invalid, std::format("{} {}", name, problem));
}

std::optional<std::int64_t> take_digits(std::string_view& text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || value < 0 || text.starts_with('-')) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return value;
}

}  // namespace

Result<Flags> Flags::parse(std::span<const std::string> arguments,
                           std::initializer_list<std::string_view> with_value,
                           std::initializer_list<std::string_view> switches) {
  const auto among = [](std::initializer_list<std::string_view> names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  Flags flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("--") || argument == "--") {
      flags.operands_.emplace_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string name(argument.substr(0, equals));
    std::string value;
    if (among(switches, name)) {
      if (equals != std::string_view::npos) return usage(name, "takes no value");
    } else if (!among(with_value, name)) {
      return usage(name, "is no option of this command");
    } else if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (++i < arguments.size()) {
      value = arguments[i];
    } else {
      return usage(name, "needs a value");
    }
    if (!flags.values_.try_emplace(name, std::move(value)).second)
      return usage(name, "was given twice");
  }
  return flags;
}

std::optional<std::string> Flags::value(std::string_view name) const {
  const auto place = values_.find(name);
  if (place == values_.end()) return std::nullopt;
  return place->second;
}

std::string Flags::value_or(std::string_view name, std::string_view otherwise) const {
  return value(name).value_or(std::string(otherwise));
}

Result<Duration> parse_time_span(std::string_view text) {
  const Error bad(ErrorKind::invalid, "a duration is written as 60s, 1m30s, 250ms or 0");
  if (text == "0") return Duration::zero();
  static constexpr std::pair<std::string_view, Duration> kUnits[] = {
      {"ms", milliseconds(1)}, {"s", seconds(1)}, {"m", seconds(60)}, {"h", seconds(3600)}};
  Duration sum{};
  if (text.empty()) return bad;
  while (!text.empty()) {
    const auto number = take_digits(text);
    if (!number) return bad;
    const auto unit = std::ranges::find_if(
        kUnits, [&](const auto& pair) { return text.starts_with(pair.first); });
    if (unit == std::end(kUnits)) return bad;
    text.remove_prefix(unit->first.size());
    if (*number > (kLongestDuration - sum) / unit->second)
      return Error(ErrorKind::invalid, "a duration is at most 720h");
    sum += *number * unit->second;
  }
  return sum;
}

Result<std::int64_t> parse_count(std::string_view text, std::int64_t least, std::int64_t most) {
  std::string_view rest = text;
  const auto number = take_digits(rest);
  if (!number || !rest.empty() || *number < least || *number > most)
    return Error(ErrorKind::invalid, std::format("a number from {} to {}", least, most));
  return *number;
}

}  // namespace glovebox::cli
