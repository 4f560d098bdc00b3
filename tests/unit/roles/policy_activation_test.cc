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
