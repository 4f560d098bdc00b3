// Small tables for the tests of this room.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "seccomp/filter.h"
#include "seccomp/parse.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

inline std::optional<std::string_view> test_sets(std::string_view name) {
  if (name == "some") return "getpid: allow\ngetuid: allow\n";
  if (name == "nested") return "@some\n";
  if (name == "with-default") return "default: kill\n";
  if (name == "wrong") return "getpid: allow\nnothing: allow\n";
  return std::nullopt;
}

// The table of a text that has to be right.
inline Table table_of(std::string_view text) {
  auto table = parse("test.policy", text, test_sets);
  if (!table) FAIL(to_string(table.error().front()));
  return *table;
}

// The table of one rule about `clone` with this action and condition.
inline Table with_rule(std::string_view rule) {
  return table_of(std::string("default: errno(ENOSYS)\n") + std::string(rule) + "  # test\n");
}

}  // namespace glovebox::seccomp
