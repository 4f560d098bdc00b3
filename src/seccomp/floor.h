// What no filter of a tool may allow, whoever reviewed it, and which lines need a reason.
//
// The floor is checked on the table, symbolically: a condition may be written in any way as long
// as no call of the floor can satisfy it. When that cannot be told from one comparison alone the
// answer is that it might.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/table.h"

namespace glovebox::seccomp {

// A rule of the table that lets something of the floor through.
struct FloorBreach {
  const Rule* rule = nullptr;  // into the table
  std::string what;            // `ptrace`, `socket with AF_VSOCK`
};
std::vector<FloorBreach> check_floor(const Table& table);

// What the floor leaves of a call that it does not take away as a whole: a bound on the low half
// of one argument.
struct FloorBound {
  enum class Kind : std::uint8_t {
    without,  // any value but these
    within,   // no bit outside of the one value, a mask
    only,     // one of these
  } kind = Kind::without;
  std::string_view name;
  std::uint8_t argument = 0;
  std::span<const std::uint64_t> values;
  std::string_view what;  // is forbidden: `with a listener`
};
// nullptr if the call has no bound.
const FloorBound* floor_bound(std::string_view name);
// `no tool may have it with a listener`, for people; empty for a call that the floor leaves alone.
std::string floor_of(std::string_view name);

// System calls by which a process leaves its walls, or works on the kernel rather than with it. A
// line about one of them states its reason.
bool is_dangerous(std::string_view name);

}  // namespace glovebox::seccomp
