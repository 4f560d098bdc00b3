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
    {"empty", "", "1:1: error: no `default: ACTION`"},
    {"no default", "getpid: allow\n", "1:1: error: no `default: ACTION`"},
    {"second default", "default: kill\ndefault: kill\n", "2:1: error: a second default"},
    {"late default", "getpid: allow\ndefault: kill\n", "2:1: error: the default stands first"},
    {"default after a set", "@some\ndefault: kill\n", "2:1: error: the default stands first"},
    {"default allows", "default: allow\n", "1:1: error: what is not named cannot be allowed"},
    {"default with condition", "default: kill if arg0 == 1\n", "1:14: error: nothing can follow"},
    {"no colon", "default: kill\ngetpid allow\n", "2:1: error: a line is `name: action`"},
    {"unknown call", "default: kill\ngetpidd: allow\n",
     "2:1: error: no system call named `getpidd`"},
    {"call of another architecture", "default: kill\nsocketcall: allow\n", "2:1: error: no system"},
    {"unknown action", "default: kill\ngetpid: permit\n", "2:9: error: an action is"},
    {"default notifies", "default: notify\n", "1:1: error: the default cannot be `notify`"},
    {"notify of nothing", "default: kill\ngetpid: notify()\n", "2:16: error: not the name"},
    {"notify, unknown error", "default: kill\ngetpid: notify(EWHAT)\n",
     "2:16: error: not the name"},
    {"notify, open bracket", "default: kill\ngetpid: notify(EPERM\n", "2:21: error: `)` expected"},
    {"notify, and the rest", "default: kill\ngetpid: notify EPERM\n",
     "2:16: error: not understood from here on"},
    {"allow after else, on a condition",
     "default: kill\nread: kill if arg0 == 1 else allow if arg0 == 2\n",
     "2:30: error: only the first condition of a line can allow"},
    {"the same action again",
     "default: kill\nread: kill if arg0 == 1 else kill if arg0 == 2 else allow\n",
     "2:30: error: the same action"},
    {"the same action at the end",
     "default: kill\nread: allow if arg0 == 1 else notify if arg0 == 2 else notify\n",
     "2:62: error: the same action"},
    {"a condition after else that is broken",
     "default: kill\nread: allow if arg0 == 1 else notify if arg9 == 2\n",
     "2:41: error: a comparison begins with"},
    {"too many conditions",
     "default: kill\nread: allow if arg0 == 1 else notify if arg0 == 2 else kill if arg0 == 3 "
     "else notify if arg0 == 4 else kill if arg0 == 5 else notify if arg0 == 6 else kill\n",
     "2:127: error: more than 4 conditions"},
    {"unknown error", "default: kill\ngetpid: errno(EWHAT)\n", "2:15: error: not the name"},
    {"number as error", "default: kill\ngetpid: errno(1)\n", "2:15: error: not the name"},
    {"open bracket", "default: kill\ngetpid: errno(EPERM\n", "2:20: error: `)` expected"},
    {"rest", "default: kill\ngetpid: allow allow\n", "2:15: error: not understood from here on"},
    {"same action twice", "default: kill\nread: allow if arg0 == 1 else allow\n",
     "2:36: error: the same"},
    {"condition broken", "default: kill\nread: allow if arg0 = 1\n", "2:21: error: `==` or `in`"},
    {"twice", "default: kill\nread: allow\nread: kill\n", "3:1: error: `read` stands after `read`"},
    {"not sorted", "default: kill\nwrite: allow\nread: allow\n",
     "3:1: error: `read` stands after `write`"},
    {"also in a set", "default: kill\n@some\ngetpid: kill\n",
     "some.set:1:1: error: `getpid` has a rule already, at test.policy:3:1"},
    {"no such set", "default: kill\n@none\n", "2:2: error: no set named `none`"},
    {"sets not sorted", "default: kill\n@wrong\n@some\n", "3:1: error: sets are sorted"},
    {"set twice", "default: kill\n@some\n@some\n", "3:1: error: sets are sorted"},
    {"set after rule", "default: kill\nread: allow\n@some\n", "3:1: error: sets stand before"},
    {"set in a set", "default: kill\n@nested\n", "nested.set:1:1: error: a set includes no other"},
    {"default in a set", "default: kill\n@with-default\n",
     "with-default.set:1:1: error: a set has no default"},
    {"error in a set", "default: kill\n@wrong\n", "wrong.set:2:1: error: no system call named"},
    {"no reason", "default: kill\nptrace: errno(EPERM)\n", "2:1: error: `ptrace` is dangerous"},
    {"empty reason", "default: kill\nioctl: allow  #  \n", "2:1: error: `ioctl` is dangerous"},
    {"tab", "default: kill\n\tread: allow\n", "2:1: error: a character that is not printable"},
    {"carriage return", "default: kill\r\n", "1:14: error: a character that is not printable"},
    {"hidden in a comment", "default: kill\nread: allow  # \xE2\x80\xAE\n",
     "2:16: error: a character"},
    {"long line", "default: kill\nread: allow  # " + std::string(2000, 'x') + "\n",
     "2:1: error: a line of more than"},
    {"error in a continuation", "default: kill\nread: allow if arg0 == 1\n   && arg1 = 2\n",
     "3:12: error: `==` or"},
    {"too large", std::string(kMaxTextBytes + 1, '\n'), "1:1: error: 262145 bytes"},
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
