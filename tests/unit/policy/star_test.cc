// A star that nothing would match, in the places that a policy hides or denies; and what a part of
// a profile leaves behind when it ends.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <format>
#include <string>

#include "policy/check.h"
#include "seccomp/filter.h"
#include "seccomp/parse.h"
#include "support.h"

namespace glovebox::policy {
namespace {

TEST_CASE("a star where nothing would match it is refused") {
  for (const char* path :
       {"@workspace/*.pem", "@workspace/**/.env", "/data/.env*", "/home/*", "@workspace/x/*",
        "@workspace/a*b*", "@workspace/a*/b", "@workspace/*", "/*", "/workspace/*.pem"}) {
    const std::string denied = with_profile(std::format("deny = {{ paths = [\"{}\"] }}", path));
    const std::string hidden =
        with_profile(std::format("mount = [ {{ at = \"{}\", mode = \"hide\" }} ]", path));
    for (const std::string& text : {denied, hidden}) {
      DYNAMIC_SECTION(text) {
        const Loaded loaded = load("test.toml", text);
        REQUIRE(!loaded.policy);
        CHECK(to_text(loaded).contains("error GB0020"));
        CHECK(to_text(loaded).contains("`*` can only end the last component"));
      }
    }
  }
  for (const char* mount :
       {"{ at = \"/data*\", mode = \"ro\" }", "{ at = \"@workspace/x*\", mode = \"tmp\" }"}) {
    DYNAMIC_SECTION(mount) {
      const Loaded loaded = load("test.toml", with_profile(std::format("mount = [ {} ]", mount)));
      REQUIRE(!loaded.policy);
      CHECK(to_text(loaded).contains("error GB0020"));
    }
  }
  for (const char* path :
       {"@workspace/.env*", "/workspace/.env*", "@workspace/a/b*", "@workspace/a", "/data/x"})
    CHECK(
        load("test.toml", with_profile(std::format("deny = {{ paths = [\"{}\"] }}", path))).policy);
  CHECK(!load("test.toml", with_profile("deny = { paths = [\"@workspace/a/b/c/d/e/f/g/h/i\"] }"))
             .policy);
}

TEST_CASE("what a part takes away it takes away after its end, or its end is refused") {
  const auto with = [](std::string_view line) {
    return load("test.toml",
                std::format("glovebox = 1\nname = \"x\"\n[[bind]]\ntools = {{ \"*\" = \"p\" }}\n"
                            "[profile.p]\nextends = \"q\"\nwhy = \"w\"\nexpires = 2027-03-31\n{}\n"
                            "[profile.q]\nmount = [ {{ at = \"@workspace\", mode = \"rw\" }} ]\n",
                            line),
                read_from({}), std::chrono::sys_days(std::chrono::year(2027) / 3 / 1));
  };
  const Loaded kept = with(
      "mount = [ { at = \"@workspace/locked\", mode = \"ro\" }, { at = \"@workspace/gone\", "
      "mode = \"hide\" } ]");
  REQUIRE(kept.policy);
  const Policy later = kept.policy->on(std::chrono::sys_days(std::chrono::year(2027) / 4 / 1));
  const auto& mounts = later.profiles.at("p").mounts;
  CHECK(std::ranges::contains(mounts, "@workspace/locked", &Mount::at));
  CHECK(std::ranges::contains(mounts, "@workspace/gone", &Mount::at));
  Filters filters;
  for (const char* name : {"bash", "search"})
    filters.emplace(std::format("builtin:{}", name),
                    *seccomp::parse(name, *seccomp::builtin_text(name), seccomp::builtin_set));
  CHECK(loosened_by_dates(*kept.policy, filters, compare).empty());

  const Loaded loose = with("syscalls = \"builtin:search\"");
  REQUIRE(loose.policy);
  const auto found = loosened_by_dates(*loose.policy, filters, compare);
  CHECK(places(found) == std::vector<std::string>{"GB0042 8:11"});
  CHECK(to_text(found, loose.files).contains("after 2027-03-31 profile `p` would allow more"));
  CHECK(loosened_by_dates(*with("syscalls = \"builtin:bash\"").policy, filters, compare).empty());
}

}  // namespace
}  // namespace glovebox::policy
