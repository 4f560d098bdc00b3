#include "seccomp/prove.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "seccomp/lower.h"
#include "support.h"

namespace glovebox::seccomp {
namespace {

constexpr std::uint16_t kJumpClass = 0x05, kReturn = 0x06;
constexpr std::uint32_t kAllow = 0x7fff0000, kErrno = 0x00050000;

const char* const kText =
    "default: errno(ENOSYS)\n"
    "clone: allow if low(arg0) in CLONE_VM|CLONE_THREAD else errno(EPERM)  # test\n"
    "getpid: allow\n"
    "read: errno(EPERM) if low(arg1) == 0x5412 else allow\n"
    "socket: allow if low(arg0) == 1 || arg0 == 2 && arg1 in {1..2} else errno(EACCES)  # test\n"
    "write: kill\n";

std::vector<Instruction> program_of(const Table& table) {
  auto program = lower(table);
  REQUIRE(program);
  REQUIRE(!find_difference(table, *program));
  return *program;
}

TEST_CASE("a wrong return is found, wherever it stands") {
  const Table table = table_of(kText);
  const auto right = program_of(table);
  for (std::size_t at = 0; at < right.size(); ++at) {
    if (right[at].code != kReturn) continue;
    CAPTURE(at, disassemble(right));
    auto wrong = right;
    wrong[at].k = right[at].k == kAllow ? kErrno | 1 : kAllow;
    CHECK(find_difference(table, wrong));
    CHECK(prove(table, wrong).error().kind() == ErrorKind::internal);
  }
}

TEST_CASE("a branch the wrong way round is found, wherever it stands") {
  const Table table = table_of(kText);
  const auto right = program_of(table);
  for (std::size_t at = 0; at < right.size(); ++at) {
    const bool branch = (right[at].code & 0x07) == kJumpClass && right[at].code != kJumpClass;
    if (!branch || right[at].when_true == right[at].when_false) continue;
    CAPTURE(at, disassemble(right));
    auto wrong = right;
    std::swap(wrong[at].when_true, wrong[at].when_false);
    CHECK(find_difference(table, wrong));
  }
}

TEST_CASE("a number that is off by any one bit is found") {
  const Table table = table_of(kText);
  const auto right = program_of(table);
  for (std::size_t at = 0; at < right.size(); ++at) {
    if (right[at].code != 0x15) continue;  // if ==
    for (int bit = 0; bit < 32; ++bit) {
      CAPTURE(at, bit, disassemble(right));
      auto wrong = right;
      wrong[at].k ^= std::uint32_t{1} << bit;
      CHECK(find_difference(table, wrong));
    }
  }
}

TEST_CASE("a mask that lets one more bit through is found") {
  const Table table = table_of(kText);
  const auto right = program_of(table);
  int masks = 0;
  for (std::size_t at = 0; at < right.size(); ++at) {
    if (right[at].code != 0x54) continue;  // and
    for (int bit = 0; bit < 32; ++bit) {
      const std::uint32_t flag = std::uint32_t{1} << bit;
      if ((right[at].k & flag) == 0) continue;
      CAPTURE(at, bit);
      auto wrong = right;
      wrong[at].k &= ~flag;
      CHECK(find_difference(table, wrong));
      ++masks;
    }
  }
  CHECK(masks >= 30);
}

TEST_CASE("a program that does not look at the architecture is found") {
  const Table table = table_of(kText);
  auto wrong = program_of(table);
  REQUIRE(wrong[1].k == kArchX86_64);
  wrong[1].when_false = wrong[1].when_true;
  const auto difference = find_difference(table, wrong);
  REQUIRE(difference);
  CHECK(to_string(*difference).find("the table says kill") != std::string::npos);
}

TEST_CASE("a program that the kernel would refuse is not proved") {
  const Table table = table_of(kText);
  const std::vector<Instruction> endless = {{0x20, 0, 0, 0}};
  CHECK(prove(table, endless).error().kind() == ErrorKind::internal);
}

TEST_CASE("each architecture has a proof of its own") {
  std::vector<Table> tables;
  std::vector<std::vector<Instruction>> programs;
  for (const Arch arch : kArches) {
    tables.push_back(parse("test.policy", kText, test_sets, arch).value());
    programs.push_back(lower(tables.back()).value());
    INFO(to_string(arch));
    CHECK(prove(tables.back(), programs.back()));
  }
  for (std::size_t table = 0; table < tables.size(); ++table)
    for (std::size_t program = 0; program < programs.size(); ++program)
      CHECK(find_difference(tables[table], programs[program]).has_value() == (table != program));
  for (std::size_t arch = 0; arch < tables.size(); ++arch) {
    for (std::size_t at = 0; at < programs[arch].size(); ++at) {
      if (programs[arch][at].code != kReturn) continue;
      CAPTURE(arch, at, disassemble(programs[arch]));
      auto wrong = programs[arch];
      wrong[at].k = wrong[at].k == kAllow ? kErrno | 1 : kAllow;
      CHECK(find_difference(tables[arch], wrong));
    }
  }
}

TEST_CASE("the proof asks about every number and its twins") {
  const Table table = table_of(kText);
  std::vector<int> native(1024), x32(1024), foreign(1024);
  for (const Call& call : proof_calls(table)) {
    const std::uint32_t number = call.number & ~kX32Bit;
    if (number >= native.size()) continue;
    auto& seen = call.arch != kArchX86_64 ? foreign : (call.number & kX32Bit) != 0 ? x32 : native;
    ++seen[number];
  }
  for (std::size_t number = 0; number < native.size(); ++number) {
    CAPTURE(number);
    CHECK(native[number] > 0);
    CHECK(x32[number] > 0);
    CHECK(foreign[number] > 0);
  }
}

}  // namespace
}  // namespace glovebox::seccomp
