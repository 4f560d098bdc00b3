// Classic BPF as seccomp uses it: an interpreter of ours, and the program as assembler text.
//
// The interpreter is the other half of the proof and knows only what the kernel's own checker
// lets a seccomp filter do (kernel/seccomp.c); anything else is refused, not guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

struct Instruction {
  std::uint16_t code = 0;
  std::uint8_t when_true = 0, when_false = 0;  // instructions to skip
  std::uint32_t k = 0;

  bool operator==(const Instruction&) const = default;
};
constexpr std::size_t kMaxInstructions = 4096;  // BPF_MAXINSNS
constexpr std::size_t kInstructionBytes = 8;    // of struct sock_filter

// The bytes that seccomp(2) takes, and back. invalid: not whole instructions, none, too many.
std::string to_bytes(std::span<const Instruction> program);
Result<std::vector<Instruction>> from_bytes(std::string_view bytes);

// Every instruction is one that a filter may hold, every jump stays inside the program, and the
// last one returns. invalid, naming the instruction.
Result<void> check_program(std::span<const Instruction> program);

// What a filter that passed check_program returns for a call: a SECCOMP_RET_ value. Always ends,
// since jumps only go forward. nullopt only for a program that check_program refuses.
std::optional<std::uint32_t> run(std::span<const Instruction> program, const Call& call);

// The meaning of a returned value; nullopt for one that is no action of ours.
std::optional<Action> to_action(std::uint32_t returned);

// Some call is told to a listener: the program is to be loaded with one.
bool notifies(std::span<const Instruction> program);

// One line per instruction: number, operation, jump targets as numbers.
std::string disassemble(std::span<const Instruction> program);

}  // namespace glovebox::seccomp
