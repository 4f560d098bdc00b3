#include "policy/load.h"

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <vector>

#include "support.h"

namespace glovebox::policy {
namespace {

const std::string kBind = "[[bind]]\ntools = { \"*\" = \"p\" }\n";
const std::string kProfile = "[profile.p]\n";

TEST_CASE("each wrong thing outside of profiles is named with its place") {
  const std::string id(257, 'x');
  const Broken rows[] = {
      {"empty", "", "GB0001 1:1", "the file is empty", "builtin:default"},
      {"no TOML", "glovebox = \n", "GB0003 1:12", ""},
      {"no version", kBind + kProfile, "GB0013 1:1", "`glovebox = 1` must be the first key"},
      {"version not first", "name = \"x\"\nglovebox = 1\n" + kBind + kProfile, "GB0012 2:1",
       "must be the first key", "", 8},
      {"version of a wrong type", "glovebox = \"1\"\n" + kBind + kProfile, "GB0011 1:12",
       "must be an integer", "", 3},
      {"version from the future", "glovebox = 2\n" + kBind + kProfile, "GB0012 1:12",
       "schema version 2 is not known"},
      {"version 0", "glovebox = 0\n" + kBind + kProfile, "GB0012 1:12", "schema version 0"},
      {"name of a wrong type", "glovebox = 1\nname = 1\n" + kBind + kProfile, "GB0011 2:8",
       "name must be a string"},
      {"empty name", "glovebox = 1\nname = \"\"\n" + kBind + kProfile, "GB0012 2:8",
       "name must have 1 to 256 bytes"},
      {"unknown key", "glovebox = 1\nnmae = \"x\"\n" + kBind + kProfile, "GB0010 2:1",
       "unknown key `nmae` in the policy", "did you mean `name`?", 4},
      {"unknown table", "glovebox = 1\n" + kBind + kProfile + "[profiles.x]\n", "GB0010 5:2",
       "unknown key `profiles`", "did you mean `profile`?"},
      {"no bind", "glovebox = 1\n" + kProfile, "GB0013 1:1", "no [[bind]]"},
      {"a cap as a policy", "glovebox = 1\n[cap]\n", "GB0024 2:2", "this is a cap and no policy",
       "cap = \"FILE\"", 3},
      {"bind as a table", "glovebox = 1\n[bind]\ntools = {}\n", "GB0011 2:1",
       "bind must be a list"},
      {"bind of numbers", "glovebox = 1\nbind = [1]\n", "GB0011 2:9", "a bind must be a table"},
      {"bind without tools", "glovebox = 1\n[[bind]]\n", "GB0013 2:1", "a bind needs tools"},
      {"bind with no tool", "glovebox = 1\n[[bind]]\ntools = {}\n", "GB0016 3:9", "allows nothing"},
      {"tools of a wrong type", "glovebox = 1\n[[bind]]\ntools = \"p\"\n", "GB0011 3:9",
       "tools must be a table"},
      {"unknown key in a bind",
       "glovebox = 1\n[[bind]]\nagents = \"a\"\ntools = { \"*\" = \"p\" }\n" + kProfile,
       "GB0010 3:1", "unknown key `agents`", "did you mean `agent`?"},
      {"environment of a wrong type",
       "glovebox = 1\n[[bind]]\nenvironment = 1\ntools = { \"*\" = \"p\" }\n" + kProfile,
       "GB0011 3:15", "environment must be a string"},
      {"empty agent",
       "glovebox = 1\n[[bind]]\nagent = \"\"\ntools = { \"*\" = \"p\" }\n" + kProfile, "GB0012 3:9",
       "agent must have 1 to"},
      {"long agent",
       "glovebox = 1\n[[bind]]\nagent = \"" + id + "\"\ntools = { \"*\" = \"p\" }\n" + kProfile,
       "GB0012 3:9", "agent must have 1 to"},
      {"star inside", "glovebox = 1\n[[bind]]\ntools = { \"a*b\" = \"p\" }\n" + kProfile,
       "GB0012 3:11", "prefix with `*` at its end", "", 5},
      {"two stars", "glovebox = 1\n[[bind]]\ntools = { \"**\" = \"p\" }\n" + kProfile,
       "GB0012 3:11", "prefix with `*`"},
      {"empty tool", "glovebox = 1\n[[bind]]\ntools = { \"\" = \"p\" }\n" + kProfile, "GB0012 3:11",
       "a tool is a name"},
      {"profile of a wrong type", "glovebox = 1\n[[bind]]\ntools = { \"*\" = 1 }\n" + kProfile,
       "GB0011 3:17", "the name of a profile must be a string"},
      {"undefined profile", "glovebox = 1\n[[bind]]\ntools = { bash = \"q\" }\n" + kProfile,
       "GB0015 3:18", "no profile named `q`", "", 3},
      {"two binds for all", "glovebox = 1\n" + kBind + kBind + kProfile, "GB0018 4:1",
       "the one of line 2"},
      {"profile is a list", "glovebox = 1\n" + kBind + "[[profile.p]]\n", "GB0011 4:1",
       "a profile must be a table"},
  };
  for (const Broken& row : rows) {
    DYNAMIC_SECTION(row.name) {
      if (std::string(row.name) == "profile is a list") {
        // The bind that names it cannot be satisfied either.
        const Loaded loaded = load("test.toml", row.text);
        CHECK(places(loaded.diagnostics) == std::vector<std::string>{"GB0015 3:17", "GB0011 4:1"});
      } else {
        check_broken(row);
      }
    }
  }
}

TEST_CASE("keys of later versions are refused by name") {
  for (const char* key : {"sign = {}", "deployment = \"x\""}) {
    DYNAMIC_SECTION(key) {
      check_broken({key, std::format("glovebox = 1\n{}\n{}{}", key, kBind, kProfile), "GB0017 2:1",
                    "is not in this version of glovebox", "refused, never ignored"});
    }
  }
}

TEST_CASE("binds that can meet are refused, others are not") {
  struct Row {
    const char* name;
    const char* first;
    const char* second;
    bool meet;
  };
  const Row rows[] = {
      {"one for all", "environment = \"a\"", "", true},
      {"environment and agent", "environment = \"a\"", "agent = \"b\"", true},
      {"same both", "environment = \"a\"\nagent = \"b\"", "environment = \"a\"\nagent = \"b\"",
       true},
      {"same environment", "environment = \"a\"", "environment = \"a\"\nagent = \"b\"", true},
      {"other environment", "environment = \"a\"", "environment = \"b\"", false},
      {"other agent", "environment = \"a\"\nagent = \"x\"", "environment = \"a\"\nagent = \"y\"",
       false},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string text = std::format(
          "glovebox = 1\n[[bind]]\ntools = {{ \"*\" = \"p\" }}\n{}\n[[bind]]\n"
          "tools = {{ \"*\" = \"p\" }}\n{}\n[profile.p]\n",
          row.first, row.second);
      const Loaded loaded = load("test.toml", text);
      CHECK(loaded.policy.has_value() != row.meet);
      if (row.meet) CHECK(loaded.diagnostics.at(0).code == Code::overlap);
    }
  }
}

TEST_CASE("everything that is wrong is said at once, in the order of the file") {
  const Loaded loaded = load("test.toml",
                             "nmae = 1\nglovebox = 1\n[[bind]]\ntools = { bash = \"q\" }\n"
                             "[profile.p]\nuser = \"rot\"\nlimits = { wall = 1 }\n");
  CHECK(places(loaded.diagnostics) == std::vector<std::string>{"GB0010 1:1", "GB0012 2:1",
                                                               "GB0015 4:18", "GB0012 6:8",
                                                               "GB0011 7:19"});
  CHECK(!loaded.policy);
}

TEST_CASE("a cap by itself: each wrong thing is named with its place") {
  const Broken rows[] = {
      {"empty", "", "GB0001 1:1", "the file is empty"},
      {"no version", "[cap]\n", "GB0013 1:1", "`glovebox = 1` must be the first key"},
      {"no cap", "glovebox = 1\n", "GB0013 1:1", "a cap file needs `cap`"},
      {"cap of a wrong type", "glovebox = 1\ncap = \"c.toml\"\n", "GB0011 2:7",
       "cap must be a table"},
      {"a key of policies", "glovebox = 1\n[cap]\n[profile.p]\n", "GB0010 3:2",
       "unknown key `profile`"},
      {"a key of nobody's", "glovebox = 1\n[cap]\nmounts = []\n", "GB0010 3:1",
       "unknown key `mounts`", "did you mean `mount`?"},
      {"says two things",
       "glovebox = 1\n[cap]\nmount = [ { at = \"/opt\", mode = \"ro\" } ]\n"
       "deny = { paths = [ \"/opt\" ] }\n",
       "GB0024 3:11", "allows /opt and denies it in line 4", "take out one of the two"},
  };
  for (const Broken& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const LoadedCap loaded = load_cap("c.toml", row.text);
      CHECK(!loaded.cap);
      REQUIRE(places(loaded.diagnostics) == std::vector<std::string>{row.place});
      CHECK(loaded.diagnostics.front().origin.file == "c.toml");
      CHECK(loaded.diagnostics.front().message.contains(row.message));
      CHECK(loaded.diagnostics.front().hint.contains(row.hint));
      REQUIRE(loaded.files.size() == 1);
      CHECK(loaded.files.front().text == row.text);
    }
  }
}

TEST_CASE("which files are caps") {
  const std::string good = "glovebox = 1\nname = \"n\"\n[cap]\nuser = \"agent\"\n";
  CHECK(is_cap_file(good));
  const LoadedCap loaded = load_cap("c.toml", good);
  REQUIRE(loaded.cap);
  CHECK(loaded.cap->user == BoxUser::agent);
  CHECK(loaded.diagnostics.empty());
  CHECK(is_cap_file("[cap]\n"));
  for (const char* text : {"", "glovebox = ", "glovebox = 1\ncap = \"c.toml\"\n", "[caps]\n",
                           "[profile.cap]\n", "[[cap]]\n"})
    CHECK(!is_cap_file(text));
}

TEST_CASE("what is to be done about a further file stands on a line of its own") {
  const ReadFile read = [](const std::string& path) -> Result<std::string> {
    if (path != "loop.toml") return Error(ErrorKind::not_found, "none");
    return Error(ErrorKind::denied, "is a symbolic link\nhint: name what it leads to");
  };
  const Loaded loaded =
      load("p.toml", "glovebox = 1\ninclude = [ \"loop.toml\" ]\n" + kBind + kProfile, read, Day());
  REQUIRE(places(loaded.diagnostics) == std::vector<std::string>{"GB0030 2:13"});
  CHECK(loaded.diagnostics.front().message == "loop.toml: is a symbolic link");
  CHECK(loaded.diagnostics.front().hint == "name what it leads to");
}

TEST_CASE("a policy keeps where each part stands") {
  const Policy policy = policy_of(
      "glovebox = 1\nname = \"n\"\n[[bind]]\nenvironment = \"e\"\nagent = \"a\"\n"
      "tools = { bash = \"p\", \"mcp:*\" = \"p\" }\n[profile.p]\n");
  CHECK(policy.file == "test.toml");
  CHECK(policy.name == "n");
  REQUIRE(policy.binds.size() == 1);
  CHECK(policy.binds[0].environment == "e");
  CHECK(policy.binds[0].agent == "a");
  CHECK(policy.binds[0].origin.line == 3);
  REQUIRE(policy.binds[0].tools.size() == 2);
  CHECK(to_string(policy.binds[0].tools[0].origin) == "test.toml:6");
  CHECK(policy.profiles.at("p").origin.line == 7);
}

}  // namespace
}  // namespace glovebox::policy
