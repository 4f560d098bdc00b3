#include "seccomp/explain.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.h"

namespace glovebox::seccomp {
namespace {

TEST_CASE("a question that is none") {
  struct Row {
    const char* name;
    const char* text;
    const char* error;
  };
  const Row rows[] = {
      {"nothing", "", "no system call named ``"},
      {"unknown", "getpidd", "no system call named `getpidd`\nhint: did you mean `getpid`?"},
      {"of no architecture of ours", "socketcall(arg0=1)", "no system call named `socketcall`"},
      {"open", "socket(arg0=1", "`)` is missing"},
      {"no argument", "socket(1)", "`1` is no argument\nhint: arg0=VALUE"},
      {"a name that is none", "socket(family=1)", "`family=1` is no argument"},
      {"seventh argument", "socket(arg6=1)", "`arg6=1` is no argument"},
      {"empty value", "socket(arg0=)", "arg0: a value is missing"},
      {"unknown constant", "socket(arg0=AF_UNX)",
       "arg0: `AF_UNX` is no number or constant\nhint: did you mean `AF_UNIX`?"},
      {"rest", "socket(arg0=1 2)", "arg0: not understood: `2`"},
      {"twice", "socket(arg0=1, arg0=2)", "arg0 is given twice"},
      {"trailing comma", "socket(arg0=1,)", "`` is no argument"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto question = parse_question(row.text);
      REQUIRE(!question);
      CHECK(question.error().kind() == ErrorKind::invalid);
      CHECK(question.error().message().starts_with(row.error));
    }
  }
}

const char* const kText =
    "default: errno(ENOSYS)\n"
    "@some\n"
    "open: allow\n"
    "ptrace: errno(EPERM)  # other processes\n"
    "socket: allow if low(arg0) == AF_UNIX || low(arg0) == AF_INET && low(arg1) in {1..2}\n"
    "    else errno(EACCES)  # local and tcp\n";

std::string answer(const char* question, Arch arch = Arch::x86_64) {
  const auto table = parse("test.policy", kText, test_sets, arch);
  REQUIRE(table);
  const auto asked = parse_question(question);
  INFO((asked ? "" : asked.error().message()));
  REQUIRE(asked);
  return to_text(explain(*table, *asked));
}

TEST_CASE("what a filter answers, and why") {
  const std::string socket_why =
      "  line: test.policy:5\n  reason: local and tcp\n"
      "  floor: no tool may have it with AF_PACKET, AF_VSOCK or AF_ALG\n";
  struct Row {
    const char* name;
    const char* question;
    std::string answer;
  };
  const Row rows[] = {
      {"refused by a line", "ptrace",
       "ptrace on x86_64 (number 101): errno(EPERM)\n  line: test.policy:4\n"
       "  reason: other processes\n  floor: no tool may have it, with any arguments\n"},
      {"from a set", "getpid()",
       "getpid on x86_64 (number 39): allow\n  line: some.set:1\n"
       "  floor: says nothing about it\n"},
      {"not named", "read(arg0=3)",
       "read(arg0=0x3) on x86_64 (number 0): errno(ENOSYS)\n"
       "  line: test.policy:1, the default: no line names this call\n"
       "  floor: says nothing about it\n"},
      {"nothing is known", "socket",
       "socket on x86_64 (number 41): it depends\n"
       "  allow if low(arg0) == 0x1 || low(arg0) == 0x2 && low(arg1) in 0x1..0x2\n"
       "  errno(EACCES) otherwise\n" +
           socket_why},
      {"a part is known", "socket(arg0=AF_INET)",
       "socket(arg0=0x2) on x86_64 (number 41): it depends\n"
       "  allow if low(arg1) in 0x1..0x2\n  errno(EACCES) otherwise\n" +
           socket_why},
      {"enough is known to allow", "socket(arg0=AF_UNIX)",
       "socket(arg0=0x1) on x86_64 (number 41): allow\n" + socket_why},
      {"enough is known to refuse", "socket(arg0=AF_VSOCK)",
       "socket(arg0=0x28) on x86_64 (number 41): errno(EACCES)\n" + socket_why},
      {"another part is known", "socket(arg1=SOCK_RAW)",
       "socket(arg1=0x3) on x86_64 (number 41): it depends\n"
       "  allow if low(arg0) == 0x1\n  errno(EACCES) otherwise\n" +
           socket_why},
      {"all is known", "socket(arg0=AF_INET, arg1=SOCK_STREAM, arg2=0)",
       "socket(arg0=0x2, arg1=0x1, arg2=0x0) on x86_64 (number 41): allow\n" + socket_why},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(answer(row.question) == row.answer);
    }
  }
}

TEST_CASE("an architecture answers for itself") {
  CHECK(answer("getpid", Arch::aarch64).starts_with("getpid on aarch64 (number 172): allow\n"));
  CHECK(answer("open", Arch::aarch64) ==
        "open: aarch64 has no such call, so no program can make it\n  line: test.policy:3\n"
        "  floor: says nothing about it\n");
}

}  // namespace
}  // namespace glovebox::seccomp
