#include "seccomp/prove.h"

#include <algorithm>
#include <array>
#include <format>
#include <set>

namespace glovebox::seccomp {

namespace {

constexpr std::uint32_t kNumbers = 1024;
constexpr std::uint64_t kLow = 0xFFFFFFFF;
constexpr std::size_t kMaxCombined = 20'000;  // calls per rule that vary all arguments at once

using Values = std::set<std::uint64_t>;

// i386, 32-bit ARM, both wanted ones, either of them without a mark or with the numbers of another
// (linux/audit.h), none, all bits. A filter leaves out its own.
constexpr std::array<std::uint32_t, 10> kArchNumbers = {0x40000003,
                                                        0x40000028,
                                                        audit_number(Arch::x86_64),
                                                        audit_number(Arch::aarch64),
                                                        0xC0000003,
                                                        0x8000003E,
                                                        0x800000B7,
                                                        0x400000B7,
                                                        0,
                                                        0xFFFFFFFF};
constexpr std::array<std::uint32_t, 8> kOddNumbers = {
    kNumbers, 0x0FFFFFFF, 0x3FFFFFFF, 0x7FFFFFFF, 0x80000000, 0xC0000000, 0xFFFFFFFE, 0xFFFFFFFF};

// Values at which the term can change its mind.
void add_bounds(const Term& term, Values& bounds) {
  if (term.mask) {
    bounds.insert({0, *term.mask, ~*term.mask, *term.mask + 1});
    return;
  }
  for (const Range& range : term.ranges)
    bounds.insert({range.first - 1, range.first, range.first + 1, range.last - 1, range.last,
                   range.last + 1});
}

// What an attacker would try next to a value that is let through.
Values twists(const Values& bounds) {
  Values all = bounds;
  for (const std::uint64_t value : bounds) {
    for (int bit = 0; bit < 64; ++bit) all.insert(value ^ (std::uint64_t{1} << bit));
    all.insert({(value << 32) | (value >> 32), value << 32, value & kLow, value | (kLow << 32),
                (value & kLow) | (std::uint64_t{0xDEADBEEF} << 32), ~value});
  }
  return all;
}

// A value that satisfies the term.
std::uint64_t sample(const Term& term) {
  return term.mask ? *term.mask : term.ranges[0].first;
}

std::array<Values, kArguments> bounds_of(const Predicate& predicate) {
  std::array<Values, kArguments> bounds;
  for (const Conjunction& conjunction : predicate)
    for (const Term& term : conjunction) add_bounds(term, bounds.at(term.argument));
  return bounds;
}

// Calls that vary all arguments at once. `visit` says whether to go on.
template <class Visit>
bool visit_combined(const Call& plain, const std::array<Values, kArguments>& bounds,
                    const Visit& visit) {
  std::array<std::vector<std::uint64_t>, kArguments> values;
  std::size_t total = 1;
  for (std::size_t argument = 0; argument < kArguments; ++argument) {
    values.at(argument).assign(bounds.at(argument).begin(), bounds.at(argument).end());
    total *= std::max<std::size_t>(values.at(argument).size(), 1);
  }
  // With too many combinations a part of them is taken, spread by a step that shares no factor.
  const std::size_t step = total / kMaxCombined + 1;
  for (std::size_t chosen = 0; chosen < total; chosen += step) {
    Call call = plain;
    std::size_t rest = chosen;
    for (std::size_t argument = 0; argument < kArguments; ++argument) {
      const auto& of_argument = values.at(argument);
      if (of_argument.empty()) continue;
      call.arguments.at(argument) = of_argument.at(rest % of_argument.size());
      rest /= of_argument.size();
    }
    if (!visit(call)) return false;
  }
  return true;
}

template <class Visit>
bool visit_rule(const Rule& rule, Arch arch, const Visit& visit) {
  const Call plain{.number = rule.number, .arch = audit_number(arch)};
  Call full = plain;
  full.arguments.fill(~std::uint64_t{0});
  if (!visit(plain) || !visit(full)) return false;
  if (!rule.condition) return true;
  Predicate asked = rule.condition->when;
  for (const Branch& branch : rule.condition->between)
    asked.insert(asked.end(), branch.when.begin(), branch.when.end());
  const auto bounds = bounds_of(asked);
  std::array<Values, kArguments> twisted;
  for (std::size_t argument = 0; argument < kArguments; ++argument)
    twisted.at(argument) = twists(bounds.at(argument));
  for (const Conjunction& conjunction : asked) {
    Call satisfied = plain;
    for (const Term& term : conjunction) satisfied.arguments.at(term.argument) = sample(term);
    for (std::size_t argument = 0; argument < kArguments; ++argument) {
      for (const std::uint64_t value : twisted.at(argument)) {
        Call call = satisfied;
        call.arguments.at(argument) = value;
        if (!visit(call)) return false;
      }
    }
  }
  return visit_combined(plain, bounds, visit);
}

template <class Visit>
void visit_table(const Table& table, const Visit& visit) {
  const std::uint32_t own = audit_number(table.arch);
  const auto foreign = [&](std::uint32_t number) {
    return std::ranges::all_of(kArchNumbers, [&](std::uint32_t arch) {
      return arch == own || visit(Call{.number = number, .arch = arch});
    });
  };
  for (std::uint32_t number = 0; number < kNumbers; ++number) {
    const Rule* rule = table.find(number);
    const Rule none{.number = number};
    if (!visit_rule(rule != nullptr ? *rule : none, table.arch, visit) ||
        !visit(Call{.number = number | kX32Bit, .arch = own}) || !foreign(number))
      return;
  }
  for (const std::uint32_t number : kOddNumbers)
    if (!visit(Call{.number = number, .arch = own}) || !foreign(number)) return;
}

}  // namespace

std::vector<Call> proof_calls(const Rule& rule, Arch arch) {
  std::vector<Call> calls;
  visit_rule(rule, arch, [&](const Call& call) {
    calls.push_back(call);
    return true;
  });
  return calls;
}

std::vector<Call> proof_calls(const Table& table) {
  std::vector<Call> calls;
  visit_table(table, [&](const Call& call) {
    calls.push_back(call);
    return true;
  });
  return calls;
}

std::optional<Difference> find_difference(const Table& table,
                                          std::span<const Instruction> program) {
  std::optional<Difference> difference;
  visit_table(table, [&](const Call& call) {
    const Action wanted = evaluate(table, call);
    const auto returned = run(program, call);
    if (!returned || to_action(*returned) != wanted)
      difference = Difference{call, wanted, returned};
    return !difference;
  });
  return difference;
}

std::string to_string(const Difference& difference) {
  const Call& call = difference.call;
  std::string text = std::format("arch {:#x}, call {:#x}(", call.arch, call.number);
  for (std::size_t i = 0; i < kArguments; ++i)
    text += std::format("{}{:#x}", i == 0 ? "" : ", ", call.arguments.at(i));
  text += std::format("): the table says {}, the program ", to_string(difference.wanted));
  return text + (difference.returned ? std::format("returns {:#x}", *difference.returned)
                                     : std::string("does not return"));
}

Result<void> prove(const Table& table, std::span<const Instruction> program) {
  if (auto checked = check_program(program); !checked)
    return Error(ErrorKind::internal,
                 std::format("filter {}: {}", table.name, checked.error().message()));
  if (const auto found = find_difference(table, program))
    return Error(ErrorKind::internal, std::format("filter {} is not what its text says: {}",
                                                  table.name, to_string(*found)));
  return {};
}

}  // namespace glovebox::seccomp
