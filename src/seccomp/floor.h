// What no filter of a tool may allow, whoever reviewed it, and which lines need a reason.
//
// The floor is checked on the table, symbolically: a condition may be written in any way as long
// as no call of the floor can satisfy it. When that cannot be told from one comparison alone the
// answer is that it might.
#pragma once

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

// System calls by which a process leaves its walls, or works on the kernel rather than with it. A
// line about one of them states its reason.
bool is_dangerous(std::string_view name);

}  // namespace glovebox::seccomp
