// What a filter text means: a table of rules, one per system call, and a fallback for the rest.
//
// This is the reference of the proof: evaluate() is written from the meaning of the text and knows
// nothing of how the program is made. Rules are a set; each system call has one at most.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "seccomp/arch.h"

namespace glovebox::seccomp {

constexpr std::uint32_t kArchX86_64 = audit_number(Arch::x86_64);
constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr int kArguments = 6;

struct Action {
  // notify: whoever listens is told, then the call is refused with `error`. A process without a
  // listener gets ENOSYS from the kernel.
  enum class Kind : std::uint8_t { allow, error, notify, kill_process } kind = Kind::kill_process;
  std::uint16_t error = 0;  // the errno, for error and notify

  bool operator==(const Action&) const = default;
};

// Whether a comparison looks at all of a register or only at its low half. The kernel takes an
// `int` argument from the low half, so whatever stands above it must not change the answer.
enum class Width : std::uint8_t { low32, full64 };

struct Range {
  std::uint64_t first = 0, last = 0;  // both included

  bool operator==(const Range&) const = default;
};

// One comparison of one argument: no bit outside `mask`, or a value in one of `ranges`.
struct Term {
  std::uint8_t argument = 0;
  Width width = Width::full64;
  std::optional<std::uint64_t> mask;
  std::vector<Range> ranges;  // sorted, not touching; used without a mask

  bool holds(std::uint64_t value) const;
};

using Conjunction = std::vector<Term>;       // by argument, each once
using Predicate = std::vector<Conjunction>;  // holds if one of them does; never empty

// `else ACTION if …`: never allows.
struct Branch {
  Predicate when;
  Action action;
};

struct Condition {
  Predicate when;
  std::vector<Branch> between;  // the first that holds counts, when `when` does not
  Action otherwise;
};

struct Rule {
  std::string name;
  std::uint32_t number = 0;
  Action action;  // always, or if the condition holds
  std::optional<Condition> condition;
  std::string reason;
  std::string place;  // file:line:column
};

// A line about a call that this architecture does not have: a program cannot ask for it.
struct Absent {
  std::string name;
  std::string place;  // file:line:column
};

struct Table {
  std::string name;
  Arch arch = kHostArch;
  Action fallback;
  std::string fallback_place;  // file:line:column
  std::vector<Rule> rules;     // by number
  std::vector<Absent> absent;  // by name

  const Rule* find(std::uint32_t number) const;
};

// Some call of the rule is told to a listener.
bool notifies(const Rule& rule);

// One system call as a filter sees it.
struct Call {
  std::uint32_t number = 0;
  std::uint32_t arch = kArchX86_64;
  std::array<std::uint64_t, kArguments> arguments{};
};

bool holds(const Predicate& predicate, const Call& call);
Action evaluate(const Table& table, const Call& call);

// `allow`, `errno(EPERM)`, `notify(EPERM)`, `kill`.
std::string to_string(const Action& action);
std::string to_string(const Predicate& predicate);
// One line per rule: arch, number, name, predicate, action; then what this architecture does not
// have, and the fallback.
std::string to_text(const Table& table);

}  // namespace glovebox::seccomp
