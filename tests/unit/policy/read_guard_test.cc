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

constexpr const char* kWorkspace = "mount = [ { at = \"@workspace\", mode = \"rw\" } ]\n";

TEST_CASE("a guard without a workspace to write to is inert") {
  const std::string base = "[profile.base]\nguard = [\".git\"]\n";
  const auto child = [&](const char* of, const std::string& body) {
    return base + "[profile." + of + "]\nextends = \"base\"\n" + body;
  };
  const std::string frame = "glovebox = 1\n[[bind]]\ntools = { \"*\" = \"base\" }\n";
  const Broken rows[] = {
      {"none", with_guard("[\".git\"]"), "GB0016 5:1", "`guard` has no effect here",
       "mode = \"rw\"", 5},
      {"read-only",
       with_guard("[\".git\"]") + "mount = [ { at = \"@workspace\", mode = \"ro\" } ]\n",
       "GB0016 5:1", "profile `p`"},
      {"a folder in it",
       with_guard("[\".git\"]") + "mount = [ { at = \"@workspace/x\", mode = \"rw\" } ]\n",
       "GB0016 5:1", "can write to the workspace"},
      {"denied", with_guard("[\".git\"]") + kWorkspace + "deny = { paths = [ \"@workspace\" ] }\n",
       "GB0016 5:1", "can write to the workspace"},
      {"another profile's", frame + base + "[profile.q]\n" + kWorkspace, "GB0016 5:1",
       "profile `base`"},
      {"denied by a child",
       frame + child("c", kWorkspace + std::string("deny = { paths = [ \"@workspace\" ] }\n")),
       "GB0016 5:1", "profile `base`"},
      {"a child's", frame + "[profile.base]\n[profile.c]\nextends = \"base\"\nguard = [\".git\"]\n",
       "GB0016 7:1", "profile `c`"},
      {"one wrong mount is told alone",
       with_guard("[\".git\"]") + "mount = [ { at = \"@workspace\", mode = \"rx\" } ]\n",
       "GB0012 6:39", "mode must be"},
  };
  for (const Broken& row : rows) DYNAMIC_SECTION(row.name) {
      check_broken(row);
    }
  CHECK(load("t", with_guard("[\".git\"]") + kWorkspace).policy);
  // What a profile guards holds in those that extend it.
  CHECK(load("t", frame + child("c", kWorkspace)).policy);
  CHECK(load("t", frame + "[profile.base]\n" + kWorkspace +
                      "[profile.c]\nextends = \"base\"\nguard = [\".git\"]\n")
            .policy);
}

TEST_CASE("guarded names keep their order and their places") {
  const Profile profile =
      profile_of("guard = [\".git/hooks\", \".env*\",\n  \"a b/ü\", \"x*\", \"...\"]\n" +
                 std::string(kWorkspace));
  REQUIRE(profile.guard.size() == 5);
  CHECK(profile.guard[0].name == ".git/hooks");
  CHECK(profile.guard[1].name == ".env*");
  CHECK(profile.guard[2].name == "a b/ü");
  CHECK(profile.guard[3].name == "x*");
  CHECK(profile.guard[4].name == "...");
  CHECK(profile.guard[0].origin.line == 5);
  CHECK(profile.guard[2].origin.line == 6);
  CHECK(profile_of("guard = " + many_names(kMaxGuards) + "\n" + kWorkspace).guard.size() ==
        kMaxGuards);
  CHECK(profile_of("").guard.empty());
}

}  // namespace
}  // namespace glovebox::policy
