#include "seccomp/table.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>

#include "support.h"

namespace glovebox::seccomp {
namespace {

constexpr Action kAllow{Action::Kind::allow, 0};
constexpr Action kKill{Action::Kind::kill_process, 0};
constexpr Action error(std::uint16_t number) {
  return {Action::Kind::error, number};
}

TEST_CASE("the meaning of a table") {
  const Table table = table_of(
      "default: errno(ENOSYS)\n"
      "read: errno(EPERM) if low(arg1) == 0x5412 else allow\n"
      "socket: allow if low(arg0) == 1 || arg1 == 3 && arg2 in {4..6} else errno(EACCES)  # test\n"
      "write: allow if arg0 in 5 else kill\n");
  struct Row {
    const char* name;
    Call call;
    Action wanted;
  };
  const Row rows[] = {
      {"not named", {.number = 2}, error(38)},
      {"beyond all numbers", {.number = 1023}, error(38)},
      {"skipped by a tracer", {.number = 0xFFFFFFFF}, error(38)},
      {"x32", {.number = kX32Bit}, kKill},
      {"x32 bit alone", {.number = 0x7FFFFFFF}, kKill},
      {"i386", {.number = 0, .arch = 0x40000003}, kKill},
      {"else allow", {.number = 0}, kAllow},
      {"refused value", {.number = 0, .arguments = {0, 0x5412}}, error(1)},
      {"refused value with junk above", {.number = 0, .arguments = {0, 0x1'0000'5412}}, error(1)},
      {"first alternative", {.number = 41, .arguments = {1}}, kAllow},
      {"first alternative with junk above", {.number = 41, .arguments = {0x1'0000'0001}}, kAllow},
      {"second alternative", {.number = 41, .arguments = {0, 3, 6}}, kAllow},
      {"half of the second", {.number = 41, .arguments = {0, 3, 7}}, error(13)},
      {"full width sees junk", {.number = 41, .arguments = {0, 0x1'0000'0003, 5}}, error(13)},
      {"in mask", {.number = 1, .arguments = {4}}, kAllow},
      {"nothing of the mask", {.number = 1, .arguments = {0}}, kAllow},
      {"bit outside", {.number = 1, .arguments = {2}}, kKill},
      {"bit far outside", {.number = 1, .arguments = {std::uint64_t{1} << 63}}, kKill},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(evaluate(table, row.call) == row.wanted);
    }
  }
}

TEST_CASE("the meaning of a table of another architecture") {
  const auto parsed =
      parse("x", "default: errno(ENOSYS)\nfork: allow\ngetpid: allow\n", test_sets, Arch::aarch64);
  REQUIRE(parsed);
  const auto answer = [&](std::uint32_t number, Arch arch) {
    return evaluate(*parsed, {.number = number, .arch = audit_number(arch)});
  };
  CHECK(answer(172, Arch::aarch64) == kAllow);
  CHECK(answer(39, Arch::aarch64) == error(38));
  CHECK(answer(57, Arch::aarch64) == error(38));
  CHECK(answer(172, Arch::x86_64) == kKill);
  // There is no second numbering: a large number is one that the kernel does not know.
  CHECK(answer(172 | kX32Bit, Arch::aarch64) == error(38));
  CHECK(to_text(*parsed) ==
        "aarch64 172 getpid: allow\n"
        "aarch64   - fork: no such call here\n"
        "aarch64 any other number: errno(ENOSYS)\n"
        "other architectures: kill\n");
}

TEST_CASE("conditions after else are asked in their order") {
  const Table table = table_of(
      "default: kill\n"
      "read: allow if arg0 == 1 else notify(EACCES) if arg0 == 2 || arg1 == 1\n"
      "    else kill if arg0 in {2..3} else notify\n"
      "write: allow if arg0 == 1 else errno(EACCES) if arg0 == 2\n");
  const auto told = [](std::uint16_t number) { return Action{Action::Kind::notify, number}; };
  CHECK(evaluate(table, {.number = 0, .arguments = {1, 1}}) == kAllow);
  CHECK(evaluate(table, {.number = 0, .arguments = {2}}) == told(13));
  CHECK(evaluate(table, {.number = 0, .arguments = {3, 1}}) == told(13));
  CHECK(evaluate(table, {.number = 0, .arguments = {3}}) == kKill);
  CHECK(evaluate(table, {.number = 0, .arguments = {4}}) == told(1));
  CHECK(evaluate(table, {.number = 1, .arguments = {2}}) == error(13));
  CHECK(evaluate(table, {.number = 1, .arguments = {3}}) == error(1));
  CHECK(notifies(*table.find(0)));
  CHECK(!notifies(*table.find(1)));
  CHECK(to_text(table).starts_with(
      "x86_64   0 read: allow if arg0 == 0x1 else notify(EACCES) if arg0 == 0x2 || arg1 == 0x1 "
      "else kill if arg0 in 0x2..0x3 else notify(EPERM)\n"));
}

TEST_CASE("the text of a table") {
  CHECK(to_text(table_of("default: errno(ENOSYS)\ngetpid: allow\n"
                         "write: allow if arg0 == 1 else kill\n")) ==
        "x86_64   1 write: allow if arg0 == 0x1 else kill\n"
        "x86_64  39 getpid: allow\n"
        "x86_64 any other number: errno(ENOSYS)\n"
        "x32 numbers, other architectures: kill\n");
}

}  // namespace
}  // namespace glovebox::seccomp
