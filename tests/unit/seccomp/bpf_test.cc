#include "seccomp/bpf.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace glovebox::seccomp {
namespace {

constexpr std::uint16_t kLoad = 0x20, kAnd = 0x54, kJump = 0x05, kEqual = 0x15, kGreater = 0x25,
                        kNotLess = 0x35, kSet = 0x45, kReturn = 0x06;
constexpr std::uint32_t kAllow = 0x7fff0000, kErrno = 0x00050000, kKill = 0x80000000;
const Instruction kEnd{kReturn, 0, 0, kAllow};

TEST_CASE("programs that the kernel would refuse are refused") {
  struct Row {
    const char* name;
    std::vector<Instruction> program;
  };
  const Row rows[] = {
      {"empty", {}},
      {"too long", std::vector<Instruction>(kMaxInstructions + 1, kEnd)},
      {"does not return", {kEnd, {kLoad, 0, 0, 0}}},
      {"load between words", {{kLoad, 0, 0, 2}, kEnd}},
      {"load behind the data", {{kLoad, 0, 0, 64}, kEnd}},
      {"jump to the end", {{kJump, 0, 0, 1}, kEnd}},
      {"jump round", {{kJump, 0, 0, 0xFFFFFFFF}, kEnd}},
      {"branch out, true", {{kEqual, 1, 0, 0}, kEnd}},
      {"branch out, false", {{kEqual, 0, 255, 0}, kEnd}},
      {"half word", {{0x28, 0, 0, 0}, kEnd}},
      {"division", {{0x34, 0, 0, 0}, kEnd}},
      {"store", {{0x02, 0, 0, 0}, kEnd}},
      {"compare with X", {{0x1d, 0, 0, 0}, kEnd}},
      {"return of A", {{0x16, 0, 0, 0}}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(!check_program(row.program));
    }
  }
}

TEST_CASE("an instruction that check_program refuses is not run") {
  const std::vector<Instruction> odd = {{0x34, 0, 0, 0}, kEnd};
  CHECK(!run(odd, {}));
  const std::vector<Instruction> outside = {{kLoad, 0, 0, 68}, kEnd};
  CHECK(!run(outside, {}));
  const std::vector<Instruction> endless = {{kLoad, 0, 0, 0}};
  CHECK(!run(endless, {}));
}

TEST_CASE("bytes that are no program") {
  CHECK(!from_bytes(""));
  CHECK(!from_bytes("1234567"));
  CHECK(!from_bytes("123456789"));
  CHECK(!from_bytes(std::string(8 * (kMaxInstructions + 1), '\0')));
}

TEST_CASE("bytes and instructions are the same thing") {
  const std::vector<Instruction> program = {{kEqual, 1, 2, 0xC000003E}, kEnd};
  const std::string bytes = to_bytes(program);
  CHECK(bytes.size() == 16);
  CHECK(bytes.substr(0, 8) == std::string("\x15\x00\x01\x02\x3e\x00\x00\xc0", 8));
  CHECK(from_bytes(bytes).value() == program);
}

TEST_CASE("each instruction does what the kernel's does") {
  const Call call{.number = 7,
                  .arch = 0xC000003E,
                  .arguments = {0x11111111'22222222, 0x33333333'44444444, 0, 0, 0, 0x5'00000006}};
  struct Row {
    const char* name;
    Instruction load, test;
    bool taken;
  };
  const Row rows[] = {
      {"number", {kLoad, 0, 0, 0}, {kEqual, 1, 0, 7}, true},
      {"architecture", {kLoad, 0, 0, 4}, {kEqual, 1, 0, 0xC000003E}, true},
      {"low half", {kLoad, 0, 0, 16}, {kEqual, 1, 0, 0x22222222}, true},
      {"high half", {kLoad, 0, 0, 20}, {kEqual, 1, 0, 0x11111111}, true},
      {"last argument", {kLoad, 0, 0, 56}, {kEqual, 1, 0, 6}, true},
      {"last half", {kLoad, 0, 0, 60}, {kEqual, 1, 0, 5}, true},
      {"not equal", {kLoad, 0, 0, 0}, {kEqual, 1, 0, 8}, false},
      {"greater", {kLoad, 0, 0, 0}, {kGreater, 1, 0, 6}, true},
      {"not greater", {kLoad, 0, 0, 0}, {kGreater, 1, 0, 7}, false},
      {"not less", {kLoad, 0, 0, 0}, {kNotLess, 1, 0, 7}, true},
      {"less", {kLoad, 0, 0, 0}, {kNotLess, 1, 0, 8}, false},
      {"a bit", {kLoad, 0, 0, 0}, {kSet, 1, 0, 4}, true},
      {"no bit", {kLoad, 0, 0, 0}, {kSet, 1, 0, 8}, false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::vector<Instruction> program = {
          row.load, row.test, {kReturn, 0, 0, kErrno | 1}, kEnd};
      REQUIRE(check_program(program));
      CHECK(run(program, call) == (row.taken ? kAllow : kErrno | 1));
    }
  }
  const std::vector<Instruction> masked = {
      {kLoad, 0, 0, 0}, {kAnd, 0, 0, 6}, {kEqual, 0, 1, 6}, kEnd, {kReturn, 0, 0, kKill}};
  CHECK(run(masked, call) == kAllow);
  const std::vector<Instruction> skipping = {{kJump, 0, 0, 1}, {kReturn, 0, 0, kKill}, kEnd};
  CHECK(run(skipping, call) == kAllow);
}

TEST_CASE("values that are actions") {
  CHECK(!to_action(0));           // kill the thread
  CHECK(!to_action(0x7ff00001));  // trace
  CHECK(!to_action(0x7fc00000));  // notify, without the error that follows
  CHECK(to_action(0x7fc00001) == Action{Action::Kind::notify, 1});
  CHECK(!to_action(0x00030000));  // trap
  CHECK(!to_action(kAllow + 1));
  CHECK(to_action(kAllow) == Action{Action::Kind::allow, 0});
  CHECK(to_action(kKill) == Action{Action::Kind::kill_process, 0});
  CHECK(to_action(kErrno | 38) == Action{Action::Kind::error, 38});
}

TEST_CASE("a program that reports calls is told from one that does not") {
  constexpr std::uint32_t kNotify = 0x7fc00001;
  CHECK(!notifies(std::vector<Instruction>{kEnd}));
  CHECK(!notifies(std::vector<Instruction>{{kLoad, 0, 0, kNotify}, kEnd}));
  CHECK(!notifies(std::vector<Instruction>{{kReturn, 0, 0, 0x7fc00000}, kEnd}));
  CHECK(notifies(std::vector<Instruction>{{kReturn, 0, 0, kNotify}, kEnd}));
}

TEST_CASE("a program as text") {
  const std::vector<Instruction> program = {{kLoad, 0, 0, 4},  {kEqual, 1, 0, 1},
                                            {kJump, 0, 0, 1},  {kLoad, 0, 0, 20},
                                            {kAnd, 0, 0, 0xF}, {kReturn, 0, 0, kErrno | 1}};
  CHECK(disassemble(program) ==
        "   0 load arch\n"
        "   1 if == 0x1 goto 3 else 2\n"
        "   2 goto 4\n"
        "   3 load arg0.high\n"
        "   4 and 0xf\n"
        "   5 return errno(EPERM)\n");
}

}  // namespace
}  // namespace glovebox::seccomp
