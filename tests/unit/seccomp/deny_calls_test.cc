#include "seccomp/deny_calls.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "seccomp/filter.h"
#include "seccomp/words.h"
#include "support.h"

namespace glovebox::seccomp {
namespace {

const std::vector<DeniedCall> kSome = {{"chmod", "p.toml:7"}, {"clone", "p.toml:8"}};

Action action_of(const Table& table, std::string_view name, std::uint64_t first = 0) {
  return evaluate(table, {.number = *syscall_number(name), .arguments = {first}});
}

constexpr Action kDenied{Action::Kind::error, EPERM};

TEST_CASE("a name that is no system call's is refused with its place") {
  Table table = table_of("default: errno(ENOSYS)\ngetpid: allow\n");
  for (const std::string name : {"", "chmodd", "@base", "CHMOD", "90"}) {
    CAPTURE(name);
    const auto denied = deny_calls(table, std::vector<DeniedCall>{{name, "p.toml:7"}});
    REQUIRE_FALSE(denied);
    CHECK(denied.error().kind() == ErrorKind::invalid);
    CHECK(denied.error().message().starts_with("p.toml:7: "));
  }
  const auto compiled = compile_builtin("bash", std::vector<DeniedCall>{{"x", "p.toml:7"}});
  CHECK(compiled.error().kind() == ErrorKind::invalid);
  CHECK(compile_builtin("none").error().kind() == ErrorKind::not_found);
}

TEST_CASE("what is denied is denied whatever the filter says of it") {
  Table table = table_of(
      "default: errno(ENOSYS)\nchmod: allow\nclone: allow if arg0 == 7  # test\ngetpid: allow\n");
  REQUIRE(action_of(table, "clone", 7).kind == Action::Kind::allow);
  REQUIRE(deny_calls(table, kSome));
  CHECK(action_of(table, "chmod") == kDenied);
  CHECK(action_of(table, "clone", 7) == kDenied);
  CHECK(action_of(table, "clone", 8) == kDenied);
  CHECK(action_of(table, "getpid").kind == Action::Kind::allow);
  CHECK(std::ranges::is_sorted(table.rules, {}, &Rule::number));
  const std::size_t rules = table.rules.size();
  REQUIRE(deny_calls(table, kSome));
  CHECK(table.rules.size() == rules);
  // One that the text does not name.
  REQUIRE(deny_calls(table, std::vector<DeniedCall>{{"mount", "p.toml:9"}}));
  CHECK(action_of(table, "mount") == kDenied);
  CHECK(table.find(*syscall_number("mount"))->place == "p.toml:9");
}

TEST_CASE("what kills goes on killing") {
  Table table = table_of("default: errno(ENOSYS)\nchmod: kill\n");
  REQUIRE(deny_calls(table, kSome));
  CHECK(action_of(table, "chmod").kind == Action::Kind::kill_process);
}

TEST_CASE("a program with denials is proved as any other, and is another one") {
  for (const std::string_view name : {"bash", "file", "search"}) {
    CAPTURE(name);
    const auto plain = compile_builtin(name);
    const auto denied = compile_builtin(name, kSome);
    REQUIRE(plain);
    REQUIRE(denied);  // proved
    CHECK(denied->digest != plain->digest);
    CHECK(compile_builtin(name, {})->digest == plain->digest);
  }
  const std::string text(*builtin_text("bash"));
  CHECK(compile_file("f.policy", text, kSome)->digest == compile_builtin("bash", kSome)->digest);
}

}  // namespace
}  // namespace glovebox::seccomp
