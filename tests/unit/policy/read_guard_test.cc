#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <string_view>

#include "policy/guard_name.h"
#include "support.h"

namespace glovebox::policy {
namespace {

std::string with_guard(std::string_view list) {
  return with_profile(std::format("guard = {}", list));
}

std::string many_names(std::size_t count) {
  std::string list = "[";
  for (std::size_t i = 0; i < count; ++i) list += std::format("\"n{}\",", i);
  return list + "]";
}

TEST_CASE("each wrong guard is named with its place") {
  const Broken rows[] = {
      {"no list", with_guard("\".git\""), "GB0011 5:9", "guard must be a list"},
      {"a number", with_guard("[1]"), "GB0011 5:10", "a guarded name must be a string"},
      {"nothing", with_guard("[]"), "GB0016 5:9", "an empty guard", "guard = ["},
      {"too many", with_guard(many_names(kMaxGuards + 1)), "GB0012 5:9", "at most 64 names"},
      {"an empty name", with_guard("[\"\"]"), "GB0020 5:10", "relative to the workspace",
       "guard ="},
      {"absolute", with_guard("[\"/etc\"]"), "GB0020 5:10", "relative to the workspace"},
      {"an anchor", with_guard("[\"@workspace/x\"]"), "GB0020 5:10", "relative to the workspace"},
      {"somebody's home", with_guard("[\"~/.ssh\"]"), "GB0020 5:10", "relative to the workspace"},
      {"upwards", with_guard("[\"../x\"]"), "GB0020 5:10", "without `.`"},
      {"dots inside", with_guard("[\"a/./b\"]"), "GB0020 5:10", "without `.`"},
      {"two slashes", with_guard("[\"a//b\"]"), "GB0020 5:10", "without `.`"},
      {"a slash at the end", with_guard("[\".git/\"]"), "GB0020 5:10", "slash at its end"},
      {"too deep", with_guard("[\"a/b/c/d/e/f/g/h/i\"]"), "GB0020 5:10", "at most 8 components"},
      {"a long component", with_guard(std::format("[\"{}\"]", std::string(256, 'a'))),
       "GB0020 5:10", "relative"},
      {"everything", with_guard("[\"*\"]"), "GB0020 5:10", "after at least one", ".env*"},
      {"everything in a folder", with_guard("[\".git/*\"]"), "GB0020 5:10", "after at least one"},
      {"a star in front", with_guard("[\"*.pem\"]"), "GB0020 5:10", "`*` can only end"},
      {"a star in the middle", with_guard("[\"a*b\"]"), "GB0020 5:10", "`*` can only end"},
      {"a star in a folder's name", with_guard("[\"a*/b\"]"), "GB0020 5:10", "`*` can only end"},
      {"two stars", with_guard("[\"a**\"]"), "GB0020 5:10", "`*` can only end"},
      {"twice", with_guard("[\".git\", \".git\"]"), "GB0014 5:18", "`.git` is guarded twice"},
  };
  for (const Broken& row : rows) DYNAMIC_SECTION(row.name) {
      check_broken(row);
    }
}

TEST_CASE("guarded names keep their order and their places") {
  const Profile profile =
      profile_of("guard = [\".git/hooks\", \".env*\",\n  \"a b/ü\", \"x*\", \"...\"]");
  REQUIRE(profile.guard.size() == 5);
  CHECK(profile.guard[0].name == ".git/hooks");
  CHECK(profile.guard[1].name == ".env*");
  CHECK(profile.guard[2].name == "a b/ü");
  CHECK(profile.guard[3].name == "x*");
  CHECK(profile.guard[4].name == "...");
  CHECK(profile.guard[0].origin.line == 5);
  CHECK(profile.guard[2].origin.line == 6);
  CHECK(profile_of("guard = " + many_names(kMaxGuards)).guard.size() == kMaxGuards);
  CHECK(profile_of("").guard.empty());
}

}  // namespace
}  // namespace glovebox::policy
