#include "seccomp/lower.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "seccomp/prove.h"
#include "support.h"

namespace glovebox::seccomp {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

bool in_blocks(const std::vector<Block>& blocks, std::uint64_t value) {
  return std::ranges::any_of(blocks, [&](const Block& b) { return (value & b.mask) == b.value; });
}

TEST_CASE("blocks hold what the term holds") {
  struct Row {
    const char* name;
    Term term;
  };
  const Row rows[] = {
      {"zero", {.ranges = {{0, 0}}}},
      {"one value", {.ranges = {{7, 7}}}},
      {"everything", {.ranges = {{0, kAll}}}},
      {"everything low", {.width = Width::low32, .ranges = {{0, 0xFFFFFFFF}}}},
      {"largest value", {.ranges = {{kAll, kAll}}}},
      {"all but zero", {.ranges = {{1, kAll}}}},
      {"all but the largest", {.ranges = {{0, kAll - 1}}}},
      {"across the halves", {.ranges = {{0xFFFFFFFE, 0x1'00000001}}}},
      {"two families", {.width = Width::low32, .ranges = {{2, 2}, {10, 10}}}},
      {"odd range", {.width = Width::low32, .ranges = {{5, 37}}}},
      {"mask", {.mask = 0x80801}},
      {"low mask", {.width = Width::low32, .mask = 0x80801}},
      {"empty mask", {.mask = 0}},
      {"full mask", {.mask = kAll}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto blocks = to_blocks(row.term);
      std::vector<std::uint64_t> values = {0, 1, kAll, kAll - 1, 0xFFFFFFFF, 0x1'00000000};
      for (const Range& range : row.term.ranges)
        values.insert(values.end(), {range.first - 1, range.first, range.first + 1, range.last - 1,
                                     range.last, range.last + 1});
      for (std::uint64_t value = 0; value < 128; ++value) values.push_back(value);
      for (int bit = 0; bit < 64; ++bit) values.push_back(std::uint64_t{1} << bit);
      for (const std::uint64_t value : values) {
        CAPTURE(value);
        CHECK(in_blocks(blocks, value) == row.term.holds(value));
      }
    }
  }
}

TEST_CASE("values that differ in one bit share a block") {
  CHECK(to_blocks({.width = Width::low32, .ranges = {{2, 2}, {10, 10}}}).size() == 1);
  CHECK(to_blocks({.ranges = {{0, kAll}}}) == std::vector<Block>{{0, 0}});
}

TEST_CASE("conditions of every form are proved") {
  const char* const rows[] = {
      "read: allow if arg0 == 0 else errno(EPERM)",
      "read: errno(EPERM) if arg0 == 0 else allow",
      "read: allow if arg0 == 0 else errno(ENOSYS)",
      "read: errno(ENOSYS) if arg0 == 0 else allow",
      "read: kill if arg5 in {1..6} else allow",
      "read: allow if arg0 == 0xffffffffffffffff else kill",
      "read: allow if arg0 in 0x8000000000000001 else kill",
      "read: allow if arg0 in {0xfffffffe..0x100000001} && arg1 in {3..9} else errno(EACCES)",
      "read: allow if arg0 == 1 || arg0 == 2 || arg0 == 0x100000001 || arg1 == 1 && arg2 == 2",
      "read: allow if arg0 == 0x100000002 || arg0 == 0x200000001 else kill",
      "read: notify if arg0 == 1 else allow",
      "read: allow if arg0 == 1 else notify(ENOSYS)",
      "read: notify(EACCES) if arg0 == 1 else notify(EPERM)",
      "read: allow if low(arg0) in {1, 7} else notify if low(arg0) in {17, 40} else errno(EACCES)",
      "read: kill if arg0 == 0 else notify if arg1 in {5..6} else errno(EIO) if low(arg2) in 240",
      "read: notify if arg0 == 0xffffffffffffffff || arg1 == 3 else kill if arg2 == 1 else allow",
      "read: notify(EHWPOISON)",
      "read: allow if (arg0 == 1 || low(arg1) == 2) && (arg2 == 3 || low(arg3) == 4)",
  };
  for (const char* row : rows) {
    DYNAMIC_SECTION(row) {
      const Table table = with_rule(row);
      const auto program = lower(table);
      REQUIRE(program);
      const auto proved = prove(table, *program);
      INFO((proved ? "" : proved.error().message()));
      CHECK(proved.has_value());
    }
  }
}

// Any table that can be built is lowered right; the seed is fixed, so that a failure stays.
TEST_CASE("random tables are proved") {
  std::mt19937_64 random(20240611);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto action = [&] {
    const auto kind = below(4);
    if (kind == 3) return Action{Action::Kind::notify, static_cast<std::uint16_t>(1 + below(133))};
    if (kind == 0) return Action{Action::Kind::allow, 0};
    if (kind == 1) return Action{Action::Kind::kill_process, 0};
    return Action{Action::Kind::error, static_cast<std::uint16_t>(1 + below(100))};
  };
  for (int round = 0; round < 60; ++round) {
    Table table{.name = "random", .fallback = {Action::Kind::error, 38}};
    for (std::uint32_t number = 0; number < 400;
         number += 1 + static_cast<std::uint32_t>(below(40))) {
      Rule rule{.name = "call", .number = number, .action = action()};
      if (below(3) == 0) {
        Condition condition;
        const auto predicate = [&] {
          Predicate when;
          for (std::uint64_t c = 0; c <= below(3); ++c) {
            Conjunction conjunction;
            for (std::uint8_t argument = 0; argument < 3; ++argument) {
              if (below(2) != 0 && !(argument == 2 && conjunction.empty())) continue;
              Term term{.argument = argument};
              term.width = below(2) == 0 ? Width::low32 : Width::full64;
              const std::uint64_t value =
                  (random() >> below(64)) & (term.width == Width::low32 ? 0xFFFFFFFF : kAll);
              if (below(3) == 0) {
                term.mask = value;
              } else {
                const std::uint64_t room = (term.width == Width::low32 ? 0xFFFFFFFF : kAll) - value;
                term.ranges = {{value, value + std::min<std::uint64_t>(room, below(20))}};
              }
              conjunction.push_back(term);
            }
            when.push_back(conjunction);
          }
          return when;
        };
        condition.when = predicate();
        for (std::uint64_t b = below(3); b > 0; --b) {
          Action refused = action();
          if (refused.kind == Action::Kind::allow) refused = {Action::Kind::notify, 1};
          condition.between.push_back({predicate(), refused});
        }
        const Action last =
            condition.between.empty() ? rule.action : condition.between.back().action;
        do condition.otherwise = action();
        while (condition.otherwise == last);
        rule.condition = condition;
      }
      table.rules.push_back(rule);
    }
    const auto program = lower(table);
    CAPTURE(round, to_text(table));
    REQUIRE(program);
    const auto proved = prove(table, *program);
    INFO((proved ? "" : proved.error().message()));
    CHECK(proved.has_value());
  }
}

}  // namespace
}  // namespace glovebox::seccomp
