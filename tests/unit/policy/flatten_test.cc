#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>

#include "policy/policy.h"
#include "support.h"

namespace glovebox::policy {
namespace {

using std::chrono::April;
using std::chrono::March;
const Day kBefore{std::chrono::year(2027) / March / 31};
const Day kAfter{std::chrono::year(2027) / April / 1};

Policy on(const std::string& profiles, Day day) {
  const std::string text = "glovebox = 1\n[[bind]]\ntools = { \"*\" = \"child\" }\n" + profiles;
  Loaded loaded = load("test.toml", text, read_from({}), day);
  if (!loaded.policy) FAIL(to_text(loaded));
  return std::move(*loaded.policy);
}

const std::string kChain =
    "[profile.top]\n"
    "limits = { wall = \"1m\", pids = 10 }\n"
    "env = { A = \"top\", B = \"top\" }\n"
    "deny = { tools = [ \"bad\" ], paths = [ \"/etc/x\" ], syscalls = [ \"ptrace\" ] }\n"
    "guard = [ \".git/hooks\" ]\n"
    "mount = [ { at = \"/opt\", mode = \"ro\" }, { at = \"/srv\", mode = \"hide\" },\n"
    "          { at = \"@workspace\", mode = \"ro\" },\n"
    "          { at = \"/t\", mode = \"tmp\", size = \"1MiB\" } ]\n"
    "[profile.child]\n"
    "extends = \"top\"\n"
    "why = \"x\"\n"
    "expires = 2027-03-31\n"
    "user = \"root\"\n"
    "background = \"keep\"\n"
    "limits = { wall = \"5m\", pids = 5 }\n"
    "env = { B = \"child\" }\n"
    "devices = [ \"/dev/x\" ]\n"
    "audit = { level = \"args+output\" }\n"
    "deny = { tools = [ \"bad\", \"worse\" ] }\n"
    "mount = [ { at = \"/opt\", mode = \"rw\", exec = true }, { at = \"/srv\", mode = \"ro\" },\n"
    "          { at = \"@workspace\", mode = \"rw\" },\n"
    "          { at = \"/t\", mode = \"tmp\", size = \"2MiB\" } ]\n";

const Mount& mount_at(const Profile& profile, std::string_view at) {
  for (const Mount& mount : profile.mounts)
    if (mount.at == at) return mount;
  FAIL("no mount at " << at);
  std::abort();
}

TEST_CASE("rights of a chain add up, single values are the child's, denials hold") {
  const Profile profile = on(kChain, kBefore).profiles.at("child");
  CHECK(profile.user == BoxUser::root);
  CHECK(profile.background == Background::keep);
  CHECK(profile.limits.wall.value == milliseconds(300'000));
  CHECK(profile.limits.pids.value == 5);
  CHECK(profile.env == std::map<std::string, std::string>{{"A", "top"}, {"B", "child"}});
  CHECK(profile.devices == std::vector<std::string>{"/dev/x"});
  CHECK(profile.audit.level == AuditLevel::args_output);
  CHECK(profile.deny.tools.size() == 2);
  CHECK(profile.deny.syscalls.size() == 1);
  CHECK(profile.guard.size() == 1);
  CHECK(mount_at(profile, "/opt").mode == MountMode::read_write);
  CHECK(mount_at(profile, "/opt").exec == Exec::yes);
  CHECK(mount_at(profile, "/srv").mode == MountMode::hide);
  CHECK(mount_at(profile, "/etc/x").mode == MountMode::hide);
  CHECK(mount_at(profile, "@workspace").mode == MountMode::read_write);
  // What was read-only could be executed; the union can be, too.
  CHECK(mount_at(profile, "@workspace").exec == Exec::yes);
  CHECK(mount_at(profile, "/t").size == ByteLimit(2 * kMiB));
  CHECK(profile.origins.at("env.B").line == 19);
  CHECK(profile.origins.at("env.A").line == 6);
  CHECK(profile.limits.wall.origin.line == 18);
  CHECK(profile.origin.line == 12);
}

TEST_CASE("a part that has expired adds nothing and still takes away") {
  const Policy policy = on(kChain, kAfter);
  const Profile& profile = policy.profiles.at("child");
  CHECK(profile.user == BoxUser::agent);
  CHECK(profile.background == Background::kill);
  CHECK(profile.limits.wall.value == milliseconds(60'000));
  CHECK(profile.limits.pids.value == 5);  // the narrower one
  CHECK(profile.env.at("B") == "top");
  CHECK(profile.devices.empty());
  CHECK(profile.audit.level == AuditLevel::args_output);
  CHECK(profile.deny.tools.size() == 2);
  CHECK(mount_at(profile, "/opt").mode == MountMode::read_only);
  CHECK(mount_at(profile, "@workspace").mode == MountMode::read_only);
  CHECK(mount_at(profile, "/t").size == ByteLimit(kMiB));
  CHECK(policy.decide("e", "a", "bash").profile != nullptr);
}

TEST_CASE("days") {
  const Policy policy = on(kChain, kBefore);
  CHECK(policy.day == kBefore);
  CHECK(policy.last_day == kBefore);
  const Policy later = policy.on(kAfter);
  CHECK(!later.last_day);
  CHECK(later.profiles.at("child").user == BoxUser::agent);
  CHECK(later.on(kBefore).profiles.at("child").user == BoxUser::root);
}

TEST_CASE("a profile of which no part holds any more allows nothing") {
  const std::string text = "[profile.child]\nexpires = 2027-03-31\n";
  CHECK(on(text, kBefore).decide("e", "a", "bash").profile != nullptr);
  const Policy late = on(text, kAfter);
  const Decision decision = late.decide("e", "a", "bash");
  CHECK(decision.profile == nullptr);
  CHECK(decision.reason == "the profile has expired");
  CHECK(decision.rule.line == 5);
  CHECK(late.profiles.contains("child"));
  // So does a chain of them, and the child decides whether it is named.
  const std::string both =
      "[profile.top]\nexpires = 2027-01-31\n[profile.child]\nextends = \"top\"\n"
      "expires = 2027-03-31\n";
  CHECK(on(both, kBefore).decide("e", "a", "bash").profile != nullptr);
  CHECK(on(both, kAfter).decide("e", "a", "bash").profile == nullptr);
}

TEST_CASE("what a profile denies is denied whatever binds it") {
  const Policy policy = on("[profile.child]\ndeny = { tools = [ \"ba*\", \"read\" ] }\n", kBefore);
  for (const char* tool : {"bash", "ba", "read"}) {
    const Decision decision = policy.decide("e", "a", tool);
    CHECK(decision.profile == nullptr);
    CHECK(decision.reason == "the profile denies this tool");
    CHECK(decision.rule.line == 5);
  }
  CHECK(policy.decide("e", "a", "grep").profile != nullptr);
}

TEST_CASE("a workspace that is denied is not there") {
  const Profile profile = profile_of(
      "mount = [ { at = \"@workspace\", mode = \"rw\" }, { at = \"@workspace/x\", mode = \"hide\" "
      "} ]"
      "\ndeny = { paths = [ \"@workspace\" ] }");
  CHECK(profile.mounts.empty());
}

TEST_CASE("the same rule twice in a chain is one") {
  const std::string rule =
      "egress = [ { host = \"a.example\", port = 443, mode = \"inspect\", "
      "allow = [ \"GET /a\", \"GET /b\" ] } ]\n";
  const std::string other =
      "egress = [ { host = \"a.example\", port = 443, mode = \"inspect\", "
      "allow = [ \"GET /b\", \"GET /a\" ] } ]\n";
  CHECK(on("[profile.top]\n" + rule + "[profile.child]\nextends = \"top\"\n" + other, kBefore)
            .profiles.at("child")
            .egress.size() == 1);
}

TEST_CASE("profiles that cannot extend each other as they say") {
  const std::string head = "glovebox = 1\n[[bind]]\ntools = { \"*\" = \"a\" }\n";
  const Broken rows[] = {
      {"itself", head + "[profile.a]\nextends = \"a\"\n", "GB0023 5:11", "extends itself", "", 3},
      {"undefined", head + "[profile.a]\nextends = \"b\"\n[profile.c]\n", "GB0015 5:11",
       "no profile named `b`", "", 3},
      {"too long",
       head + "[profile.a]\nextends = \"b\"\n[profile.b]\nextends = \"c\"\n[profile.c]\n"
              "extends = \"d\"\n[profile.d]\nextends = \"e\"\n[profile.e]\nextends = \"f\"\n"
              "[profile.f]\n",
       "GB0023 5:11", "has 5 ancestors, at most 4"},
      {"two sources",
       head + "[profile.a]\nextends = \"b\"\nmount = [ { at = \"/x\", mode = \"ro\" } ]\n"
              "[profile.b]\nmount = [ { at = \"/x\", from = \"/y\", mode = \"ro\" } ]\n",
       "GB0019 6:11", "`/x` is something else in profile `b`, line 8"},
      {"fresh and not",
       head + "[profile.a]\nextends = \"b\"\nmount = [ { at = \"/x\", mode = \"tmp\" } ]\n"
              "[profile.b]\nmount = [ { at = \"/x\", mode = \"ro\" } ]\n",
       "GB0019 6:11", "is something else"},
      {"expiry that is no date", head + "[profile.a]\nexpires = \"2027-03-31\"\n", "GB0011 5:11",
       "must be a date", "2027-03-31", 12},
      {"expiry with a time", head + "[profile.a]\nexpires = 2027-03-31T10:00:00Z\n", "GB0011 5:11",
       "must be a date"},
  };
  for (const Broken& row : rows) {
    DYNAMIC_SECTION(row.name) {
      check_broken(row);
    }
  }
  const Loaded cycle = load("test.toml", head +
                                             "[profile.a]\nextends = \"b\"\n[profile.b]\n"
                                             "extends = \"a\"\n[profile.c]\nextends = \"a\"\n");
  CHECK(places(cycle.diagnostics) == std::vector<std::string>{"GB0023 5:11", "GB0023 7:11"});
}

}  // namespace
}  // namespace glovebox::policy
