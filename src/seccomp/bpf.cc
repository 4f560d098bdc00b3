#include "seccomp/bpf.h"

#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <format>

#include "base/error.h"

namespace glovebox::seccomp {

namespace {

static_assert(sizeof(sock_filter) == kInstructionBytes && sizeof(seccomp_data) == 64);
static_assert(offsetof(seccomp_data, args) == 16);

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t kAnd = BPF_ALU | BPF_AND | BPF_K;
constexpr std::uint16_t kJump = BPF_JMP | BPF_JA;
constexpr std::uint16_t kReturn = BPF_RET | BPF_K;

bool is_branch(std::uint16_t code) {
  switch (code) {
    case BPF_JMP | BPF_JEQ | BPF_K:
    case BPF_JMP | BPF_JGT | BPF_K:
    case BPF_JMP | BPF_JGE | BPF_K:
    case BPF_JMP | BPF_JSET | BPF_K:
      return true;
    default:
      return false;
  }
}

bool branches(std::uint16_t code, std::uint32_t accumulator, std::uint32_t k) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return accumulator == k;
    case BPF_JGT:
      return accumulator > k;
    case BPF_JGE:
      return accumulator >= k;
    default:
      return (accumulator & k) != 0;
  }
}

std::uint32_t load(const Call& call, std::uint32_t offset) {
  const auto half = [](std::uint64_t value, bool high) {
    return static_cast<std::uint32_t>(high ? value >> 32 : value);
  };
  switch (offset) {
    case offsetof(seccomp_data, nr):
      return call.number;
    case offsetof(seccomp_data, arch):
      return call.arch;
    case offsetof(seccomp_data, instruction_pointer):
    case offsetof(seccomp_data, instruction_pointer) + 4:
      return 0;
    default:
      return half(call.arguments.at((offset - 16) / 8), offset % 8 == 4);
  }
}

std::string operand(std::uint32_t offset) {
  if (offset == offsetof(seccomp_data, nr)) return "nr";
  if (offset == offsetof(seccomp_data, arch)) return "arch";
  if (offset < 16) return std::format("[{}]", offset);
  return std::format("arg{}.{}", (offset - 16) / 8, offset % 8 == 0 ? "low" : "high");
}

std::string returned(std::uint32_t k) {
  const auto action = to_action(k);
  return action ? to_string(*action) : std::format("{:#x}", k);
}

}  // namespace

std::string to_bytes(std::span<const Instruction> program) {
  std::string bytes;
  for (const Instruction& i : program) {
    const sock_filter raw{i.code, i.when_true, i.when_false, i.k};
    bytes.append(reinterpret_cast<const char*>(&raw), sizeof raw);
  }
  return bytes;
}

Result<std::vector<Instruction>> from_bytes(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % sizeof(sock_filter) != 0 ||
      bytes.size() / sizeof(sock_filter) > kMaxInstructions)
    return Error(ErrorKind::invalid, std::format("a filter of {} bytes", bytes.size()));
  std::vector<Instruction> program;
  for (; !bytes.empty(); bytes.remove_prefix(sizeof(sock_filter))) {
    sock_filter raw{};
    std::memcpy(&raw, bytes.data(), sizeof raw);
    program.push_back({raw.code, raw.jt, raw.jf, raw.k});
  }
  return program;
}

Result<void> check_program(std::span<const Instruction> program) {
  const auto wrong = [](std::size_t at, std::string_view what) {
    return Error(ErrorKind::invalid, std::format("instruction {}: {}", at, what));
  };
  if (program.empty() || program.size() > kMaxInstructions)
    return Error(ErrorKind::invalid, std::format("a program of {} instructions", program.size()));
  for (std::size_t at = 0; at < program.size(); ++at) {
    const Instruction& i = program[at];
    const std::size_t room = program.size() - at - 1;  // instructions behind this one
    if (i.code == kLoad) {
      if (i.k % 4 != 0 || i.k >= sizeof(seccomp_data)) return wrong(at, "loads from outside");
    } else if (i.code == kJump) {
      if (i.k >= room) return wrong(at, "jumps out of the program");
    } else if (is_branch(i.code)) {
      if (i.when_true >= room || i.when_false >= room) return wrong(at, "jumps out of the program");
    } else if (i.code != kAnd && i.code != kReturn) {
      return wrong(at, "not an instruction of a filter");
    }
  }
  if (program.back().code != kReturn) return wrong(program.size() - 1, "does not return");
  return {};
}

std::optional<std::uint32_t> run(std::span<const Instruction> program, const Call& call) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const Instruction& i = program[at];
    if (i.code == kLoad) {
      if (i.k % 4 != 0 || i.k >= sizeof(seccomp_data)) return std::nullopt;
      accumulator = load(call, i.k);
    } else if (i.code == kAnd) {
      accumulator &= i.k;
    } else if (i.code == kJump) {
      at += i.k;
    } else if (i.code == kReturn) {
      return i.k;
    } else if (is_branch(i.code)) {
      at += branches(i.code, accumulator, i.k) ? i.when_true : i.when_false;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Action> to_action(std::uint32_t value) {
  if (value == SECCOMP_RET_ALLOW) return Action{Action::Kind::allow, 0};
  if (value == SECCOMP_RET_KILL_PROCESS) return Action{Action::Kind::kill_process, 0};
  if ((value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
    return Action{Action::Kind::error, static_cast<std::uint16_t>(value & SECCOMP_RET_DATA)};
  // Without an error it would be none of ours: a listener that answered it would let it pass.
  if ((value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF &&
      (value & SECCOMP_RET_DATA) != 0)
    return Action{Action::Kind::notify, static_cast<std::uint16_t>(value & SECCOMP_RET_DATA)};
  return std::nullopt;
}

bool notifies(std::span<const Instruction> program) {
  return std::ranges::any_of(program, [](const Instruction& instruction) {
    const auto action =
        instruction.code == kReturn ? to_action(instruction.k) : std::optional<Action>{};
    return action && action->kind == Action::Kind::notify;
  });
}

std::string disassemble(std::span<const Instruction> program) {
  std::string text;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const Instruction& i = program[at];
    text += std::format("{:4} ", at);
    const auto branch = [&](std::string_view sign) {
      return std::format("if {} {:#x} goto {} else {}", sign, i.k, at + 1 + i.when_true,
                         at + 1 + i.when_false);
    };
    switch (i.code) {
      case kLoad:
        text += "load " + operand(i.k);
        break;
      case kAnd:
        text += std::format("and {:#x}", i.k);
        break;
      case kJump:
        text += std::format("goto {}", at + 1 + i.k);
        break;
      case kReturn:
        text += "return " + returned(i.k);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        text += branch("==");
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        text += branch(">");
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        text += branch(">=");
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        text += branch("&");
        break;
      default:
        text += std::format("unknown {:#x} {:#x}", i.code, i.k);
        break;
    }
    text += '\n';
  }
  return text;
}

}  // namespace glovebox::seccomp
