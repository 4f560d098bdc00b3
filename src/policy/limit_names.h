// The limits of a profile by name, in the order in which they are shown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace glovebox::policy {

enum class LimitUnit { time, bytes, count };  // milliseconds, bytes, a number

struct LimitName {
  std::string_view name;
  LimitUnit unit;
};
constexpr std::array<LimitName, 9> kLimitNames = {{{"wall", LimitUnit::time},
                                                   {"cpu", LimitUnit::time},
                                                   {"cores", LimitUnit::count},
                                                   {"memory", LimitUnit::bytes},
                                                   {"pids", LimitUnit::count},
                                                   {"files", LimitUnit::count},
                                                   {"disk", LimitUnit::bytes},
                                                   {"tmp", LimitUnit::bytes},
                                                   {"output", LimitUnit::bytes}}};

// The place of a name in kLimitNames.
std::optional<std::size_t> find_limit(std::string_view name);

// One limit whatever its unit is.
struct LimitView {
  std::uint64_t value = 0;
  Enforce enforce = Enforce::best;
  const Origin* origin = nullptr;  // into the limits
};
LimitView limit_at(const Limits& limits, std::size_t index);

// `10m`, `2GiB`, `512`: the largest unit that leaves no remainder.
std::string limit_text(LimitUnit unit, std::uint64_t value);
// The same forms, and a bare number of the base unit. nullopt for anything else.
std::optional<std::uint64_t> parse_limit(LimitUnit unit, std::string_view text);

}  // namespace glovebox::policy
