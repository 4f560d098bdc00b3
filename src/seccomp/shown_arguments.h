// Which arguments of a refused call a record may show: numbers that the kernel takes as they are.
//
// Never what is a pointer: its value says where things lie in a process, and what it points to is
// not read at all, since another thread may change it. So a record names no path. Of a call that
// is not in the table nothing is shown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/table.h"

namespace glovebox::seccomp {

struct ShownArgument {
  std::string_view name;  // as the manual page calls it
  // Of an int, decimal, from the half of the register that the kernel looks at: `-1`; of flags,
  // hexadecimal: `0x10000000`.
  std::string value;

  bool operator==(const ShownArgument&) const = default;
};

// In the order of the call's arguments.
std::vector<ShownArgument> shown_arguments(std::string_view call,
                                           const std::array<std::uint64_t, kArguments>& arguments);

struct Argument {
  std::size_t index = 0;
  std::uint64_t value = 0;

  bool operator==(const Argument&) const = default;
};
// The way back, for records. nullopt: not what shown_arguments() could have written.
std::optional<Argument> read_shown(std::string_view call, std::string_view name,
                                   std::string_view value);

}  // namespace glovebox::seccomp
