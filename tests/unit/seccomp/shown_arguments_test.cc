#include "seccomp/shown_arguments.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "seccomp/filter.h"
#include "seccomp/words.h"

namespace glovebox::seccomp {
namespace {

using Arguments = std::array<std::uint64_t, kArguments>;

TEST_CASE("of what is not in the table nothing is shown") {
  for (const char* name : {"", "openat", "execve", "ptrace ", "pivot_root", "mounts"})
    CHECK(shown_arguments(name, {1, 2, 3, 4, 5, 6}).empty());
}

TEST_CASE("what is no argument as it is shown is not read back") {
  const struct {
    const char *call, *name, *value;
  } rows[] = {
      {"ptrace", "addr", "0"},
      {"openat", "flags", "0x0"},
      {"ptrace", "request", ""},
      {"ptrace", "request", "0x10"},
      {"ptrace", "request", "016"},
      {"ptrace", "request", "-"},
      {"ptrace", "request", "+1"},
      {"ptrace", "request", "4294967295"},
      {"ptrace", "request", "16 "},
      {"unshare", "flags", "16"},
      {"unshare", "flags", "0x"},
      {"unshare", "flags", "0x100000000"},
      {"unshare", "flags", "0X10"},
      {"unshare", "flags", "-0x10"},
      {"clone", "flags", "0x10000000000000000"},
  };
  for (const auto& row : rows) {
    INFO(row.call << ' ' << row.name << ' ' << row.value);
    CHECK_FALSE(read_shown(row.call, row.name, row.value));
  }
}

TEST_CASE("what is shown is read back as far as the kernel looks at it") {
  CHECK(read_shown("ptrace", "pid", "-1") == Argument{1, 0xFFFFFFFF});
  CHECK(read_shown("unshare", "flags", "0x10000000") == Argument{0, 0x10000000});
  CHECK(read_shown("clone", "flags", "0x110000011") == Argument{0, 0x1'10000011});
  CHECK(read_shown("socket", "protocol", "0") == Argument{2, 0});
}

TEST_CASE("arguments that a record may show") {
  struct Row {
    const char* call;
    Arguments arguments;
    std::vector<ShownArgument> shown;
  };
  constexpr std::uint64_t kJunk = 0xDEADBEEF'00000000;
  const Row rows[] = {
      {"ptrace", {16, kJunk | 0xFFFFFFFF, 7, 8}, {{"request", "16"}, {"pid", "-1"}}},
      {"mount", {0x1111, 0x2222, 0x3333, 0x1000, 0x4444}, {{"flags", "0x1000"}}},
      {"umount2", {0x1111, 2}, {{"flags", "0x2"}}},
      {"socket", {40, 0x80001, 0}, {{"domain", "40"}, {"type", "0x80001"}, {"protocol", "0"}}},
      {"unshare", {kJunk | 0x10000000}, {{"flags", "0x10000000"}}},
      {"clone", {0x1'10000011, 0x7fff0000, 0, 0}, {{"flags", "0x110000011"}}},
      {"bpf", {5, 0x7fff1234, 120}, {{"cmd", "5"}}},
      {"keyctl", {11, 0x7fff1234, 0x7fff0000, 9}, {{"operation", "11"}}},
      {"open_tree", {kJunk | 0xFFFFFF9C, 0x7fff, 1}, {{"dirfd", "-100"}, {"flags", "0x1"}}},
      {"io_uring_setup", {8, 0x7fff}, {{"entries", "8"}}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.call) {
      CHECK(shown_arguments(row.call, row.arguments) == row.shown);
    }
  }
}

// Which arguments are pointers, by the manual pages. The value of none may be shown.
TEST_CASE("no pointer is shown") {
  const std::pair<const char*, std::vector<std::size_t>> pointers[] = {
      {"bpf", {1}},
      {"clone", {1, 2, 3, 4}},
      {"fsconfig", {2, 3}},
      {"fsopen", {0}},
      {"fspick", {1}},
      {"io_uring_setup", {1}},
      {"mount", {0, 1, 2, 4}},
      {"mount_setattr", {1, 3}},
      {"move_mount", {1, 3}},
      {"open_tree", {1}},
      {"perf_event_open", {0}},
      {"pivot_root", {0, 1}},
      {"ptrace", {2, 3}},
      {"umount2", {0}},
      {"keyctl", {1, 2, 3, 4}},
  };
  for (const auto& [name, at] : pointers) {
    CAPTURE(name);
    Arguments arguments{};
    for (const std::size_t argument : at) arguments.at(argument) = 0x7fff'1234'5678;
    for (const ShownArgument& shown : shown_arguments(name, arguments)) {
      CHECK(!shown.value.contains("12345678"));
      CHECK(!shown.value.contains("305419896"));
    }
  }
}

TEST_CASE("every call that a shipped tool filter reports is in the table, or has only pointers") {
  for (const ReportingRule& rule : compile_builtin("bash").value().reports) {
    CAPTURE(rule.name);
    CHECK((!shown_arguments(rule.name, {}).empty() || rule.name == "pivot_root"));
    CHECK(syscall_number(rule.name) == rule.number);
    CHECK(syscall_name(rule.number) == rule.name);
  }
  CHECK(!syscall_name(1'000'000));
}

}  // namespace
}  // namespace glovebox::seccomp
