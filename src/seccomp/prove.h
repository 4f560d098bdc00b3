// Shows that a program does what its table says.
//
// Both are asked about the same calls: every number from 0 to 1023 and its x32 twin, numbers
// beyond the table, foreign architectures, and for each condition the values where an answer can
// turn: each bound and its neighbours, each bit flipped, junk in the upper half, halves swapped,
// for one argument at a time and for the bounds of all arguments together.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "seccomp/bpf.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

struct Difference {
  Call call;
  Action wanted;                          // by the table
  std::optional<std::uint32_t> returned;  // by the program
};
std::string to_string(const Difference& difference);

// The calls that the proof asks about, for tests that ask the kernel too.
std::vector<Call> proof_calls(const Table& table);
// Those that can be told apart by arguments, for one rule.
std::vector<Call> proof_calls(const Rule& rule, Arch arch = kHostArch);

// The first difference, if there is one. `program` must have passed check_program.
std::optional<Difference> find_difference(const Table& table, std::span<const Instruction> program);
// Error internal for a program that the kernel would refuse and for any difference.
Result<void> prove(const Table& table, std::span<const Instruction> program);

}  // namespace glovebox::seccomp
