#include "seccomp/parse.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "support.h"

namespace glovebox::seccomp {
namespace {

struct Refused {
  const char* name;
  std::string text;
  std::string error;  // begins with this, after `test.policy:`
};

const std::vector<Refused> kRefused = {
    {"empty", "", "1:1: error GB0510: no `default: ACTION`"},
    {"no default", "getpid: allow\n", "1:1: error GB0510: no `default: ACTION`"},
    {"second default", "default: kill\ndefault: kill\n", "2:1: error GB0510: a second default"},
    {"late default", "getpid: allow\ndefault: kill\n",
     "2:1: error GB0508: the default stands first"},
    {"default after a set", "@some\ndefault: kill\n",
     "2:1: error GB0508: the default stands first"},
    {"default allows", "default: allow\n",
     "1:1: error GB0510: what is not named cannot be allowed"},
    {"default with condition", "default: kill if arg0 == 1\n",
     "1:14: error GB0503: nothing can follow"},
    {"no colon", "default: kill\ngetpid allow\n", "2:1: error GB0503: a line is `name: action`"},
    {"unknown call", "default: kill\ngetpidd: allow\n",
     "2:1: error GB0504: no system call named `getpidd`"},
    {"call of another architecture", "default: kill\nsocketcall: allow\n",
     "2:1: error GB0504: no system"},
    {"unknown action", "default: kill\ngetpid: permit\n", "2:9: error GB0503: an action is"},
    {"default notifies", "default: notify\n", "1:1: error GB0510: the default cannot be `notify`"},
    {"notify of nothing", "default: kill\ngetpid: notify()\n", "2:16: error GB0505: not the name"},
    {"notify, unknown error", "default: kill\ngetpid: notify(EWHAT)\n",
     "2:16: error GB0505: not the name"},
    {"notify, open bracket", "default: kill\ngetpid: notify(EPERM\n",
     "2:21: error GB0503: `)` expected"},
    {"notify, and the rest", "default: kill\ngetpid: notify EPERM\n",
     "2:16: error GB0503: not understood from here on"},
    {"allow after else, on a condition",
     "default: kill\nread: kill if arg0 == 1 else allow if arg0 == 2\n",
     "2:30: error GB0503: only the first condition of a line can allow"},
    {"the same action again",
     "default: kill\nread: kill if arg0 == 1 else kill if arg0 == 2 else allow\n",
     "2:30: error GB0512: the same action"},
    {"the same action at the end",
     "default: kill\nread: allow if arg0 == 1 else notify if arg0 == 2 else notify\n",
     "2:62: error GB0512: the same action"},
    {"a condition after else that is broken",
     "default: kill\nread: allow if arg0 == 1 else notify if arg9 == 2\n",
     "2:41: error GB0503: a comparison begins with"},
    {"too many conditions",
     "default: kill\nread: allow if arg0 == 1 else notify if arg0 == 2 else kill if arg0 == 3 "
     "else notify if arg0 == 4 else kill if arg0 == 5 else notify if arg0 == 6 else kill\n",
     "2:127: error GB0513: more than 4 conditions"},
    {"unknown error", "default: kill\ngetpid: errno(EWHAT)\n", "2:15: error GB0505: not the name"},
    {"number as error", "default: kill\ngetpid: errno(1)\n", "2:15: error GB0505: not the name"},
    {"open bracket", "default: kill\ngetpid: errno(EPERM\n", "2:20: error GB0503: `)` expected"},
    {"rest", "default: kill\ngetpid: allow allow\n",
     "2:15: error GB0503: not understood from here on"},
    {"same action twice", "default: kill\nread: allow if arg0 == 1 else allow\n",
     "2:36: error GB0512: the same"},
    {"condition broken", "default: kill\nread: allow if arg0 = 1\n",
     "2:21: error GB0503: `==` or `in`"},
    {"twice", "default: kill\nread: allow\nread: kill\n",
     "3:1: error GB0509: `read` stands after `read`"},
    {"not sorted", "default: kill\nwrite: allow\nread: allow\n",
     "3:1: error GB0508: `read` stands after `write`"},
    {"also in a set", "default: kill\n@some\ngetpid: kill\n",
     "some.set:1:1: error GB0509: `getpid` has a rule already, at test.policy:3:1"},
    {"no such set", "default: kill\n@none\n", "2:2: error GB0506: no set named `none`"},
    {"sets not sorted", "default: kill\n@wrong\n@some\n", "3:1: error GB0508: sets are sorted"},
    {"set twice", "default: kill\n@some\n@some\n", "3:1: error GB0508: sets are sorted"},
    {"set after rule", "default: kill\nread: allow\n@some\n",
     "3:1: error GB0508: sets stand before"},
    {"set in a set", "default: kill\n@nested\n",
     "nested.set:1:1: error GB0507: a set includes no other"},
    {"default in a set", "default: kill\n@with-default\n",
     "with-default.set:1:1: error GB0507: a set has no default"},
    {"error in a set", "default: kill\n@wrong\n",
     "wrong.set:2:1: error GB0504: no system call named"},
    {"no reason", "default: kill\nptrace: errno(EPERM)\n",
     "2:1: error GB0511: `ptrace` is dangerous"},
    {"empty reason", "default: kill\nioctl: allow  #  \n",
     "2:1: error GB0511: `ioctl` is dangerous"},
    {"tab", "default: kill\n\tread: allow\n",
     "2:1: error GB0502: a character that is not printable"},
    {"carriage return", "default: kill\r\n",
     "1:14: error GB0502: a character that is not printable"},
    {"hidden in a comment", "default: kill\nread: allow  # \xE2\x80\xAE\n",
     "2:16: error GB0502: a character"},
    {"long line", "default: kill\nread: allow  # " + std::string(2000, 'x') + "\n",
     "2:1: error GB0501: a line of more than"},
    {"error in a continuation", "default: kill\nread: allow if arg0 == 1\n   && arg1 = 2\n",
     "3:12: error GB0503: `==` or"},
    {"too large", std::string(kMaxTextBytes + 1, '\n'), "1:1: error GB0501: 262145 bytes"},
};

TEST_CASE("a wrong filter text is refused at its place") {
  for (const Refused& row : kRefused) {
    DYNAMIC_SECTION(row.name) {
      const auto table = parse("test.policy", row.text, test_sets);
      REQUIRE(!table);
      const std::string error = to_string(table.error().front());
      const std::string wanted =
          row.error.find(".set:") != std::string::npos ? row.error : "test.policy:" + row.error;
      CHECK(error.substr(0, wanted.size()) == wanted);
    }
  }
}

TEST_CASE("what is wrong is shown with its line, and with what may have been meant") {
  struct Row {
    const char* name;
    const char* text;
    const char* shown;
  };
  const Row rows[] = {
      {"misspelt call", "default: kill\n  \nptrase: kill  # x\n",
       "test.policy:3:1: error GB0504: no system call named `ptrase`\n"
       "  ptrase: kill  # x\n  ^^^^^^\n  hint: did you mean `ptrace`?\n"},
      {"misspelt constant", "default: kill\nread: allow if arg0 == 1\n    || arg1 == AF_INET66\n",
       "test.policy:3:16: error GB0505: `AF_INET66` is no number or constant\n"
       "      || arg1 == AF_INET66\n                 ^^^^^^^^^\n"
       "  hint: did you mean `AF_INET6`?\n"},
      {"misspelt error", "default: errno(ENOSIS)\n",
       "test.policy:1:16: error GB0505: not the name of an error\n"
       "  default: errno(ENOSIS)\n                 ^^^^^^\n"
       "  hint: did you mean `ENOSYS`?\n"},
      {"misspelt action", "default: kill\nread: alow\n",
       "test.policy:2:7: error GB0503: an action is `allow`, `errno(NAME)`, `notify`, "
       "`notify(NAME)` or `kill`\n"
       "  read: alow\n        ^^^^\n  hint: did you mean `allow`?\n"},
      {"in a set", "default: kill\n@wrong\n",
       "wrong.set:2:1: error GB0504: no system call named `nothing`\n"
       "  nothing: allow\n  ^^^^^^^\n"},
      {"behind the end of the line", "default: kill\nread:\n",
       "test.policy:2:6: error GB0503: an action is `allow`, `errno(NAME)`, `notify`, "
       "`notify(NAME)` or `kill`\n"
       "  read:\n       ^\n"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto table = parse("test.policy", row.text, test_sets);
      REQUIRE(!table);
      CHECK(to_text(table.error().front()).starts_with(row.shown));
    }
  }
}

TEST_CASE("a text full of errors ends the report") {
  std::string text = "default: kill\n";
  for (int i = 0; i < 5000; ++i) text += "nothing: allow\n";
  const auto table = parse("x", text, test_sets);
  REQUIRE(!table);
  REQUIRE(table.error().size() == kMaxErrors + 1);
  CHECK(table.error().back().code == Code::too_many);
}

TEST_CASE("a text means something on each architecture") {
  const char* const text =
      "default: errno(ENOSYS)\nfork: allow\ngetpid: allow\nopen: allow\nopenat: allow\n";
  const auto x86 = parse("x", text, test_sets, Arch::x86_64);
  REQUIRE(x86);
  CHECK(x86->rules.size() == 4);
  CHECK(x86->absent.empty());
  const auto arm = parse("x", text, test_sets, Arch::aarch64);
  REQUIRE(arm);
  REQUIRE(arm->rules.size() == 2);
  CHECK(arm->rules[0].number == 56);  // openat
  CHECK(arm->rules[1].number == 172);
  REQUIRE(arm->absent.size() == 2);
  CHECK(arm->absent[0].name == "fork");
  CHECK(arm->absent[1].name == "open");
  CHECK(arm->absent[1].place == "x:4:1");
  CHECK(arm->fallback_place == "x:1:1");
  for (const Arch arch : kArches)
    CHECK(!parse("x", "default: kill\nsocketcall: allow\n", test_sets, arch));
  // What one architecture lacks is checked all the same.
  CHECK(!parse("x", "default: kill\n@some\nopen: allow\nopen: allow\n", test_sets, Arch::aarch64));
}

TEST_CASE("all errors of a text are reported") {
  const auto table = parse("x", "default: kill\nnone: allow\nread: what\nwrite allow\n", test_sets);
  REQUIRE(!table);
  CHECK(table.error().size() == 3);
}

TEST_CASE("control characters of a text do not reach the terminal") {
  const auto table = parse("x", "default: kill\nre\x1b[2Jad: allow\n", test_sets);
  REQUIRE(!table);
  CHECK(to_string(table.error().front()).find('\x1b') == std::string::npos);
}

TEST_CASE("a text becomes a table by number") {
  const Table table = table_of(
      "# what it is for\n"
      "default: errno(ENOSYS)\n"
      "\n"
      "@some   # the set\n"
      "clone: allow if low(arg0) in CLONE_VM|CLONE_THREAD\n"
      "    || arg1 == 7 else kill  # two\n"
      "    # lines\n"
      "read: errno(EBADF)# close\n"
      "write: allow\n");
  CHECK(table.fallback == Action{Action::Kind::error, 38});
  REQUIRE(table.rules.size() == 5);
  CHECK(table.rules[0].name == "read");
  CHECK(table.rules[0].action == Action{Action::Kind::error, 9});
  CHECK(table.rules[0].reason == "close");
  CHECK(table.rules[0].place == "test.policy:8:1");
  CHECK(table.rules[1].name == "write");
  CHECK(table.rules[2].name == "getpid");
  CHECK(table.rules[2].place == "some.set:1:1");
  CHECK(table.rules[3].name == "clone");
  CHECK(table.rules[3].reason == "two  lines");
  REQUIRE(table.rules[3].condition);
  CHECK(table.rules[3].condition->otherwise == Action{Action::Kind::kill_process, 0});
  CHECK(to_string(table.rules[3].condition->when) == "low(arg0) in mask 0x10100 || arg1 == 0x7");
}

TEST_CASE("an else that is left out is EPERM") {
  const Table table = with_rule("read: allow if arg0 == 0");
  CHECK(table.rules[0].condition->otherwise == Action{Action::Kind::error, 1});
}

}  // namespace
}  // namespace glovebox::seccomp
