// A policy of several files as the boxer gets it.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>

#include "policy/builtin.h"
#include "roles/boxer_settings.h"
#include "roles/call_decision.h"
#include "roles/policy_source.h"

namespace glovebox::roles {
namespace {

BoxerSettings in_two_files() {
  BoxerSettings settings;
  settings.policy_file = "/p.toml";
  settings.policy_text =
      "glovebox = 1\ninclude = [ \"a.toml\" ]\n[[bind]]\ntools = { \"*\" = \"p\" }\n";
  settings.policy_files = {
      {"/a.toml",
       "[profile.p]\nmount = [ { at = \"/x\", from = \"/srv/own\", mode = \"ro\" } ]\n"}};
  return settings;
}

std::string problem_of(const BoxerSettings& settings) {
  const auto active = activate_policy(settings, policy::Day());
  return active ? "" : active.error().message();
}

TEST_CASE("the boxer loads what was read for it") {
  BoxerSettings settings = in_two_files();
  CHECK(problem_of(settings).empty());
  // The same after the way to the boxer.
  const auto arrived = BoxerSettings::from_json(settings.to_json());
  REQUIRE(arrived);
  CHECK(activate_policy(*arrived, policy::Day())->digest ==
        activate_policy(settings, policy::Day())->digest);
  settings.policy_files.clear();
  CHECK(problem_of(settings).contains("/p.toml:2:13: error GB0001"));
}

TEST_CASE("a policy that shows something of glovebox is not taken") {
  BoxerSettings settings = in_two_files();
  for (const char* place : {"/srv/own", "/srv/own/state", "/srv"}) {
    settings.protected_paths = {place};
    CHECK(problem_of(settings).contains("/a.toml:2:11: error GB0021"));
  }
  settings.protected_paths = {"/srv/owner"};
  CHECK(problem_of(settings).empty());
}

// What a supervisor that does not look would give: texts that say more than the cap.
TEST_CASE("what exceeds its cap is not taken by whoever makes boxes of it") {
  const auto problem = [](const std::string& profile, const std::string& cap,
                          std::vector<FilterSource> filters = {}) {
    BoxerSettings settings;
    settings.policy_file = "/p.toml";
    settings.policy_text =
        "glovebox = 1\ncap = \"c.toml\"\n[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n" +
        profile;
    settings.policy_files = {{"/c.toml", "glovebox = 1\n[cap]\n" + cap}};
    settings.filters = std::move(filters);
    return problem_of(settings);
  };
  const std::vector<FilterSource> filters = {
      {"/few", "default: errno(ENOSYS)\nread: allow\n"},
      {"/more", "default: errno(ENOSYS)\nread: allow\nwrite: allow\n"}};
  const struct {
    const char *name, *profile, *cap, *place;
  } rows[] = {
      {"a limit", "limits = { wall = \"2m\" }\n", "limits = { wall = \"1m\" }\n",
       "/p.toml:6:19: error GB0101"},
      {"a mount", "mount = [ { at = \"/srv/a\", mode = \"ro\" } ]\n",
       "mount = [ { at = \"/srv/b\", mode = \"ro\" } ]\n", "/p.toml:6:11: error GB0101"},
      {"a mode", "mount = [ { at = \"@workspace\", mode = \"rw\" } ]\n",
       "mount = [ { at = \"@workspace\", mode = \"ro\" } ]\n", "/p.toml:6:11: error GB0101"},
      {"calls", "syscalls = \"/more\"\n", "syscalls = \"/few\"\n", "/p.toml:6:12: error GB0101"},
      {"the user", "user = \"root\"\n", "user = \"agent\"\n", "/p.toml:6:8: error GB0101"},
      {"what is recorded", "audit = { level = \"metadata\" }\n", "audit = { level = \"args\" }\n",
       "/p.toml:6:19: error GB0108"},
      {"a default", "", "limits = { pids = 10 }\n", "error GB0101"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string said = problem(row.profile, row.cap, filters);
      INFO(said);
      CHECK(said.contains(row.place));
      CHECK(said.contains("exceeds the cap"));
    }
  }
  CHECK(problem("limits = { wall = \"1m\" }\n", "limits = { wall = \"1m\" }\n").empty());
  CHECK(problem("syscalls = \"/few\"\n", "syscalls = \"/more\"\n", filters).empty());
}

TEST_CASE("the digest is of what a policy means") {
  BoxerSettings settings;
  settings.policy_file = "builtin:default";
  settings.policy_text = std::string(*policy::builtin("default"));
  const auto as_shipped = activate_policy(settings, policy::Day());
  REQUIRE(as_shipped);
  settings.policy_file = "other.toml";
  settings.policy_text += "# a comment\n";
  CHECK(activate_policy(settings, policy::Day())->digest == as_shipped->digest);
  settings.policy_text = std::string(*policy::builtin("strict"));
  CHECK(activate_policy(settings, policy::Day())->digest != as_shipped->digest);
}

TEST_CASE("dates of a policy are days in UTC") {
  using std::chrono::year;
  const policy::Day last = policy::Day(year(2026) / 11 / 30);
  CHECK(day_of(WallTime{1'796'083'199'999'999}) == last);
  CHECK(day_of(WallTime{1'796'083'200'000'000}) == last + std::chrono::days(1));
  CHECK(day_of(WallTime{-1}) == policy::Day(year(1969) / 12 / 31));
}

}  // namespace
}  // namespace glovebox::roles
