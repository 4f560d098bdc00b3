#include "roles/policy_change.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>

#include "roles/stored_policy.h"

namespace glovebox::roles {
namespace {

constexpr policy::Day kToday{std::chrono::days(20'000)};

PolicySource source(const std::string& body, const std::string& file = "p.toml") {
  PolicySource source;
  source.file = file;
  source.text = "glovebox = 1\n[[bind]]\ntools = { bash = \"p\" }\n[profile.p]\n" + body;
  return source_of(document_of(source)).value();
}

std::string summary(const std::string& before, const std::string& after) {
  return change_summary(source(before), source(after), kToday);
}

TEST_CASE("a change is told by what it permits") {
  const struct {
    const char *name, *before, *after, *says;
  } rows[] = {
      {"nothing", "user = \"agent\"\n", "user = \"agent\"\n", "nothing"},
      {"a comment", "", "# a line\n", "cosmetic"},
      {"a default that is written", "", "user = \"agent\"\n", "cosmetic"},
      {"wider", "", "user = \"root\"\n",
       "1 wider, 0 narrower, 0 changed; wider: user as tool bash"},
      {"narrower", "user = \"root\"\n", "", "0 wider, 1 narrower, 0 changed"},
      {"neither", "", "env = { A = \"1\" }\n", "0 wider, 0 narrower, 1 changed"},
      {"the graver one first", "", "limits = { pids = 513 }\nuser = \"root\"\n",
       "2 wider, 0 narrower, 0 changed; wider: user as tool bash, limits.pids as tool bash"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(summary(row.before, row.after) == row.says);
    }
  }
}

TEST_CASE("another file of the same meaning is cosmetic") {
  CHECK(change_summary(source("", "p.toml"), source("", "q.toml"), kToday) == "cosmetic");
}

TEST_CASE("a day that passed is no change") {
  const std::string text = "expires = 2024-10-10\nuser = \"root\"\n";
  const auto end = policy::Day(std::chrono::year(2024) / 10 / 10);
  for (const int days : {0, 1})
    CHECK(change_summary(source(text), source(text + "# x\n"), end + std::chrono::days(days)) ==
          "cosmetic");
}

TEST_CASE("of many widenings the first ones are named, and none without end") {
  std::string calls;
  for (const char* name : {"read", "write", "openat", "close", "mmap", "brk", "ioctl", "dup"})
    calls += std::format("{}\"{}\"", calls.empty() ? "" : ", ", name);
  const std::string many = summary("deny = { syscalls = [ " + calls + " ] }\n", "");
  CHECK(many.starts_with("8 wider, 0 narrower, 0 changed; wider: syscalls."));
  CHECK(std::ranges::count(many, ',') == 2 + static_cast<long>(kMaxNamedWidenings));
  CHECK(many.ends_with(", …"));

  const std::string name = "LD_" + std::string(kMaxWideningBytes, 'X');
  const std::string longest = summary("", std::format("env = {{ {} = \"1\" }}\n", name));
  CHECK(longest.starts_with("1 wider, 0 narrower, 0 changed; wider: env.LD_XX"));
  CHECK(longest.ends_with("X …"));
  CHECK(longest.size() < 64 + kMaxWideningBytes);
}

}  // namespace
}  // namespace glovebox::roles
