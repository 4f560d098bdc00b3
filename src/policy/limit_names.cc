#include "policy/limit_names.h"

#include <charconv>
#include <format>
#include <limits>
#include <span>
#include <system_error>

namespace glovebox::policy {

namespace {

struct Scale {
  std::string_view suffix;
  std::uint64_t factor;
};
// Largest first, the base unit last.
constexpr std::array<Scale, 4> kTimeScales = {
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Scale, 4> kByteScales = {
    {{"GiB", kGiB}, {"MiB", kMiB}, {"KiB", kKiB}, {"B", 1}}};

std::span<const Scale> scales_of(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::time:
      return kTimeScales;
    case LimitUnit::bytes:
      return kByteScales;
    case LimitUnit::count:
      break;
  }
  return {};
}

LimitView view(const Limit<milliseconds>& limit) {
  return {static_cast<std::uint64_t>(limit.value.count()), limit.enforce, &limit.origin};
}
LimitView view(const Limit<ByteLimit>& limit) {
  return {limit.value.bytes(), limit.enforce, &limit.origin};
}
LimitView view(const Limit<std::uint32_t>& limit) {
  return {limit.value, limit.enforce, &limit.origin};
}

}  // namespace

std::optional<std::size_t> find_limit(std::string_view name) {
  for (std::size_t i = 0; i < kLimitNames.size(); ++i)
    if (kLimitNames[i].name == name) return i;
  return std::nullopt;
}

LimitView limit_at(const Limits& limits, std::size_t index) {
  const std::string_view name = kLimitNames.at(index).name;
  if (name == "wall") return view(limits.wall);
  if (name == "cpu") return view(limits.cpu);
  if (name == "cores") return view(limits.cores);
  if (name == "memory") return view(limits.memory);
  if (name == "pids") return view(limits.pids);
  if (name == "files") return view(limits.files);
  if (name == "disk") return view(limits.disk);
  if (name == "tmp") return view(limits.tmp);
  return view(limits.output);
}

std::string limit_text(LimitUnit unit, std::uint64_t value) {
  for (const Scale& scale : scales_of(unit))
    if (value != 0 && value % scale.factor == 0)
      return std::format("{}{}", value / scale.factor, scale.suffix);
  return std::format("{}", value);
}

std::optional<std::uint64_t> parse_limit(LimitUnit unit, std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ptr == text.data() || parsed.ec != std::errc()) return std::nullopt;
  const std::string_view suffix(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  if (suffix.empty()) return number;
  for (const Scale& scale : scales_of(unit)) {
    if (scale.suffix != suffix) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / scale.factor) return std::nullopt;
    return number * scale.factor;
  }
  return std::nullopt;
}

}  // namespace glovebox::policy
