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

// i386, x86-64 with the x32 mark where it does not belong, aarch64, none, all bits.
constexpr std::array<std::uint32_t, 6> kForeign = {0x40000003, 0xC0000003, 0x8000003E,
                                                   0xC00000B7, 0,          0xFFFFFFFF};
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

void add_combined(const Rule& rule, const std::array<Values, kArguments>& bounds,
                  std::vector<Call>& calls) {
  std::size_t total = 1;
  for (const Values& values : bounds) total *= std::max<std::size_t>(values.size(), 1);
  // With too many combinations a part of them is taken, spread by a step that shares no factor.
  const std::size_t step = total / kMaxCombined + 1;
  for (std::size_t chosen = 0; chosen < total; chosen += step) {
    Call call{.number = rule.number};
    std::size_t rest = chosen;
    for (std::size_t argument = 0; argument < kArguments; ++argument) {
      const Values& values = bounds.at(argument);
      if (values.empty()) continue;
      call.arguments.at(argument) =
          *std::next(values.begin(), static_cast<std::ptrdiff_t>(rest % values.size()));
      rest /= values.size();
    }
    calls.push_back(call);
  }
}

}  // namespace

std::vector<Call> proof_calls(const Rule& rule) {
  std::vector<Call> calls = {{.number = rule.number}};
  calls.push_back({.number = rule.number, .arguments = {~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL}});
  if (!rule.condition) return calls;
  Predicate asked = rule.condition->when;
  for (const Branch& branch : rule.condition->between)
    asked.insert(asked.end(), branch.when.begin(), branch.when.end());
  const auto bounds = bounds_of(asked);
  std::array<Values, kArguments> twisted;
  for (std::size_t argument = 0; argument < kArguments; ++argument)
    twisted.at(argument) = twists(bounds.at(argument));
  for (const Conjunction& conjunction : asked) {
    Call satisfied{.number = rule.number};
    for (const Term& term : conjunction) satisfied.arguments.at(term.argument) = sample(term);
    for (std::size_t argument = 0; argument < kArguments; ++argument) {
      for (const std::uint64_t value : twisted.at(argument)) {
        calls.push_back(satisfied);
        calls.back().arguments.at(argument) = value;
      }
    }
  }
  add_combined(rule, bounds, calls);
  return calls;
}

std::vector<Call> proof_calls(const Table& table) {
  std::vector<Call> calls;
  for (std::uint32_t number = 0; number < kNumbers; ++number) {
    const Rule* rule = table.find(number);
    const Rule none{.number = number};
    const auto native = proof_calls(rule != nullptr ? *rule : none);
    calls.insert(calls.end(), native.begin(), native.end());
    calls.push_back({.number = number | kX32Bit});
    for (const std::uint32_t arch : kForeign) calls.push_back({.number = number, .arch = arch});
  }
  for (const std::uint32_t number : kOddNumbers) {
    calls.push_back({.number = number});
    for (const std::uint32_t arch : kForeign) calls.push_back({.number = number, .arch = arch});
  }
  return calls;
}

std::optional<Difference> find_difference(const Table& table,
                                          std::span<const Instruction> program) {
  for (const Call& call : proof_calls(table)) {
    const Action wanted = evaluate(table, call);
    const auto returned = run(program, call);
    if (!returned || to_action(*returned) != wanted) return Difference{call, wanted, returned};
  }
  return std::nullopt;
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
