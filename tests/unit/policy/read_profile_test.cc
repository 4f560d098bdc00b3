#include "policy/read_profile.h"

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>

#include "support.h"

namespace glovebox::policy {
namespace {

TEST_CASE("each wrong value of a profile is named with its place") {
  const std::string vast(32 * 1024 + 1, 'x');
  const Broken rows[] = {
      {"unknown key", with_profile("mounts = []"), "GB0010 5:1",
       "unknown key `mounts` in profile `p`", "did you mean `mount`?", 6},
      {"root of a wrong type", with_profile("root = 1"), "GB0011 5:8", "root must be a string"},
      {"unknown root", with_profile("root = \"hosts\""), "GB0012 5:8",
       "root must be \"host\" or \"image:NAME\"", "", 7},
      {"image without a name", with_profile("root = \"image:\""), "GB0012 5:8", "\"image:NAME\""},
      {"env of a wrong type", with_profile("env = []"), "GB0011 5:7", "env must be a table"},
      {"variable with a dash", with_profile("env = { \"A-B\" = \"1\" }"), "GB0012 5:9",
       "letters, digits and `_`", "", 5},
      {"variable with a digit first", with_profile("env = { 1A = \"1\" }"), "GB0012 5:9",
       "letters, digits"},
      {"variable with a sign", with_profile("env = { \"A=B\" = \"1\" }"), "GB0012 5:9",
       "letters, digits"},
      {"empty variable", with_profile("env = { \"\" = \"1\" }"), "GB0012 5:9", "letters, digits"},
      {"number as variable", with_profile("env = { A = 1 }"), "GB0011 5:13",
       "an environment variable must be a string"},
      {"NUL in a variable", with_profile("env = { A = \"\\u0000\" }"), "GB0012 5:13", "no NUL"},
      {"unknown user", with_profile("user = \"Root\""), "GB0012 5:8",
       "user must be one of \"agent\", \"root\""},
      {"user of a wrong type", with_profile("user = 0"), "GB0011 5:8", "user must be a string"},
      {"unknown background", with_profile("background = \"stay\""), "GB0012 5:14",
       "background must be one of \"kill\", \"keep\""},
      {"landlock of a wrong type", with_profile("landlock = \"1\""), "GB0011 5:12",
       "must be an integer"},
      {"landlock 0", with_profile("landlock = 0"), "GB0012 5:12", "must be 1 to 64"},
      {"landlock 65", with_profile("landlock = 65"), "GB0012 5:12", "must be 1 to 64"},
      {"syscalls of a wrong type", with_profile("syscalls = []"), "GB0011 5:12",
       "syscalls must be a string"},
      {"unknown built-in", with_profile("syscalls = \"builtin:bsh\""), "GB0015 5:12",
       "no built-in filter named `bsh`", "builtin:bash", 13},
      {"a role's filter", with_profile("syscalls = \"builtin:role-boxer\""), "GB0015 5:12",
       "no built-in filter"},
      {"filter above the policy", with_profile("syscalls = \"../x.policy\""), "GB0020 5:12",
       "a filter is"},
      {"filter with a doubled slash", with_profile("syscalls = \"a//x.policy\""), "GB0020 5:12",
       "a filter is"},
      {"absolute filter with dots", with_profile("syscalls = \"/a/./x\""), "GB0020 5:12",
       "a filter is"},
      {"empty filter", with_profile("syscalls = \"\""), "GB0020 5:12", "a filter is"},
      {"mount of a wrong type", with_profile("mount = {}"), "GB0011 5:9", "mount must be a list"},
      {"limits of a wrong type", with_profile("limits = 1"), "GB0011 5:10",
       "limits must be a table"},
  };
  for (const Broken& row : rows) {
    DYNAMIC_SECTION(row.name) {
      check_broken(row);
    }
  }
  Loaded loaded = load("x", with_profile("env = { A = '''\n" + std::string(9, '\n') + "''' }"));
  CHECK(loaded.policy.has_value());
  std::string lines;
  for (int i = 0; i < 9; ++i) lines += std::string(4000, 'x') + "\n";
  loaded = load("x", with_profile("env = { A = '''\n" + lines + "''' }"));
  CHECK(places(loaded.diagnostics) == std::vector<std::string>{"GB0012 5:13"});
}

TEST_CASE("keys of a later version in a profile are refused by name") {
  for (const char* key :
       {"extends", "why", "expires", "egress", "approve", "audit", "deny", "devices"}) {
    DYNAMIC_SECTION(key) {
      check_broken({key, with_profile(std::format("{} = 1", key)), "GB0017 5:1",
                    "is not in this version of glovebox", "refused, never ignored"});
    }
  }
}

TEST_CASE("an empty profile is the narrow one") {
  const Profile profile = profile_of("");
  CHECK(profile.name == "p");
  CHECK(profile.root.kind == Root::Kind::host);
  CHECK(profile.mounts.empty());
  CHECK(profile.env.empty());
  CHECK(profile.user == BoxUser::agent);
  CHECK(profile.syscalls == "builtin:bash");
  CHECK(profile.landlock_abi == 1);
}

TEST_CASE("every key of a profile is read") {
  const Profile profile = profile_of(
      "root = \"image:debian\"\nenv = { A_1 = \"x\", b = \"\" }\nbackground = \"keep\"\n"
      "user = \"root\"\nsyscalls = \"builtin:file\"\nlandlock = 6");
  CHECK(profile.root.kind == Root::Kind::image);
  CHECK(profile.root.image == "debian");
  CHECK(profile.root.origin.line == 5);
  CHECK(profile.env == std::map<std::string, std::string>{{"A_1", "x"}, {"b", ""}});
  CHECK(profile.background == Background::keep);
  CHECK(profile.user == BoxUser::root);
  CHECK(profile.syscalls == "builtin:file");
  CHECK(profile.landlock_abi == 6);
}

TEST_CASE("a filter stands relative to the policy that names it") {
  CHECK(profile_of("syscalls = \"f/own.policy\"", "/etc/glovebox/a.toml").syscalls ==
        "/etc/glovebox/f/own.policy");
  CHECK(profile_of("syscalls = \"own.policy\"", "here/a.toml").syscalls == "here/own.policy");
  CHECK(profile_of("syscalls = \"own.policy\"", "a.toml").syscalls == "own.policy");
  CHECK(profile_of("syscalls = \"/x/own.policy\"", "here/a.toml").syscalls == "/x/own.policy");
  const Loaded builtin = load("builtin:default", with_profile("syscalls = \"own.policy\""));
  CHECK(places(builtin.diagnostics) == std::vector<std::string>{"GB0020 5:12"});
}

}  // namespace
}  // namespace glovebox::policy
