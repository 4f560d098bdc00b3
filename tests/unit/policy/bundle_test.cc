// A policy of several files.
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <map>
#include <string>
#include <vector>

#include "policy/load.h"
#include "support.h"

namespace glovebox::policy {
namespace {

const std::string kHead = "glovebox = 1\n";
const std::string kBind = "[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n";

struct Files {
  std::map<std::string, std::string> all;
  std::map<std::string, ErrorKind> refused;

  Loaded load(const std::string& main) const {
    return policy::load(
        main, all.at(main),
        [this](const std::string& path) -> Result<std::string> {
          if (const auto kind = refused.find(path); kind != refused.end())
            return Error(kind->second, "cannot be had");
          const auto at = all.find(path);
          if (at == all.end()) return Error(ErrorKind::not_found, "ENOENT");
          return at->second;
        },
        Day());
  }
};

std::vector<std::string> named_places(const Loaded& loaded) {
  std::vector<std::string> all;
  for (const Diagnostic& d : loaded.diagnostics)
    all.push_back(std::format("GB{:04} {}:{}:{}", static_cast<unsigned>(d.code), d.origin.file,
                              d.origin.line, d.origin.column));
  return all;
}

TEST_CASE("what is wrong with further files is named where it stands") {
  struct Row {
    const char* name;
    const char* keys;  // of the policy
    std::map<std::string, std::string> files;
    std::vector<std::string> places;
  };
  const Row rows[] = {
      {"missing include", "include = [ \"a.toml\" ]", {}, {"GB0001 d/p.toml:2:13"}},
      {"above", "include = [ \"../a.toml\" ]", {}, {"GB0020 d/p.toml:2:13"}},
      {"absolute", "include = [ \"/a.toml\" ]", {}, {"GB0020 d/p.toml:2:13"}},
      {"pattern", "include = [ \"*.toml\" ]", {}, {"GB0020 d/p.toml:2:13"}},
      {"empty", "include = [ \"\" ]", {}, {"GB0020 d/p.toml:2:13"}},
      {"itself", "include = [ \"p.toml\" ]", {}, {"GB0022 d/p.toml:2:13"}},
      {"twice",
       "include = [ \"a.toml\", \"a.toml\" ]",
       {{"d/a.toml", ""}},
       {"GB0014 d/p.toml:2:23", "GB0001 d/a.toml:1:1"}},
      {"an include that includes",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", "include = [ \"p.toml\" ]\n"}},
       {"GB0022 d/a.toml:1:1"}},
      {"an include that binds",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", "[[bind]]\ntools = {}\n"}},
       {"GB0022 d/a.toml:1:3"}},
      {"an include with a typing error",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", "[profle.x]\n"}},
       {"GB0010 d/a.toml:1:2"}},
      {"an include that is no TOML",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", "x = \n"}},
       {"GB0003 d/a.toml:1:5"}},
      {"an include with NULs",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", std::string("a\0", 2)}},
       {"GB0002 d/a.toml:1:2"}},
      {"a profile given twice",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", "[profile.p]\n"}},
       {"GB0014 d/a.toml:1:10"}},
      {"a version in the middle",
       "include = [ \"a.toml\" ]",
       {{"d/a.toml", "test = []\nglovebox = 1\n"}},
       {"GB0012 d/a.toml:2:1"}},
      {"include of a wrong type", "include = \"a.toml\"", {}, {"GB0011 d/p.toml:2:11"}},
      {"missing cap", "cap = \"c.toml\"", {}, {"GB0001 d/p.toml:2:7"}},
      {"cap above", "cap = \"../c.toml\"", {}, {"GB0020 d/p.toml:2:7"}},
      {"cap is the root", "cap = \"/\"", {}, {"GB0020 d/p.toml:2:7"}},
      {"cap is the policy", "cap = \"p.toml\"", {}, {"GB0024 d/p.toml:2:7"}},
      {"cap without a cap",
       "cap = \"c.toml\"",
       {{"d/c.toml", "glovebox = 1\n"}},
       {"GB0013 d/c.toml:1:1"}},
      {"cap without a version",
       "cap = \"c.toml\"",
       {{"d/c.toml", "[cap]\n"}},
       {"GB0013 d/c.toml:1:1"}},
      {"cap with a bind",
       "cap = \"c.toml\"",
       {{"d/c.toml", "glovebox = 1\n[[bind]]\n[cap]\n"}},
       {"GB0010 d/c.toml:2:3"}},
      {"cap that extends",
       "cap = \"c.toml\"",
       {{"d/c.toml", "glovebox = 1\n[cap]\nextends = \"p\"\n"}},
       {"GB0010 d/c.toml:3:1"}},
      {"cap that denies all",
       "cap = \"c.toml\"",
       {{"d/c.toml", "glovebox = 1\n[cap]\ndeny = { tools = [ \"*\" ] }\n"}},
       {"GB0024 d/c.toml:3:20"}},
      {"cap that allows and denies a host",
       "cap = \"c.toml\"",
       {{"d/c.toml",
         "glovebox = 1\n[cap]\ndeny = { egress = [ \"*.example\" ] }\n"
         "egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /\" ] } ]\n"}},
       {"GB0024 d/c.toml:4:12"}},
      {"cap that mounts and denies a path",
       "cap = \"c.toml\"",
       {{"d/c.toml",
         "glovebox = 1\n[cap]\ndeny = { paths = [ \"/opt\" ] }\n"
         "mount = [ { at = \"/opt/x\", mode = \"ro\" } ]\n"}},
       {"GB0024 d/c.toml:4:11"}},
      {"tests with something else",
       "name = \"n\"",
       {{"d/p.test.toml", "[profile.x]\n"}},
       {"GB0010 d/p.test.toml:1:2"}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Files files{row.files, {}};
      files.all["d/p.toml"] = kHead + row.keys + "\n" + kBind;
      const Loaded loaded = files.load("d/p.toml");
      INFO(to_text(loaded));
      CHECK(named_places(loaded) == row.places);
      CHECK(!loaded.policy);
    }
  }
}

TEST_CASE("a further file that cannot be trusted or read") {
  Files files{{{"p.toml", kHead + "include = [ \"a.toml\" ]\n" + kBind}}, {}};
  files.refused["a.toml"] = ErrorKind::denied;
  CHECK(named_places(files.load("p.toml")) == std::vector<std::string>{"GB0030 p.toml:2:13"});
  files.refused["a.toml"] = ErrorKind::io;
  CHECK(named_places(files.load("p.toml")) == std::vector<std::string>{"GB0001 p.toml:2:13"});
  files.all["p.toml"] = kHead + kBind;
  files.refused["p.test.toml"] = ErrorKind::denied;
  CHECK(named_places(files.load("p.toml")) == std::vector<std::string>{"GB0030 p.test.toml:1:1"});
}

TEST_CASE("too many files") {
  std::string list;
  Files files;
  for (std::size_t i = 0; i <= kMaxIncludes; ++i) {
    list += std::format("\"{}.toml\",\n", i);
    files.all[std::format("{}.toml", i)] = "test = []\n";
  }
  files.all["p.toml"] = kHead + "include = [\n" + list + "]\n" + kBind;
  CHECK(named_places(files.load("p.toml")) ==
        std::vector<std::string>{std::format("GB0022 p.toml:{}:1", kMaxIncludes + 3)});
}

Files whole() {
  return {{{"d/p.toml", kHead + "cap = \"c/org.toml\"\ninclude = [ \"x/a.toml\" ]\n" +
                            "[[bind]]\ntools = { \"*\" = \"p\", bash = \"q\" }\n[profile.p]\n"},
           {"d/x/a.toml",
            "[profile.q]\nextends = \"p\"\nsyscalls = \"f.policy\"\n[secret.s]\n"
            "from = \"file:/k\"\nonly = [ \"a.example:443\" ]\n[tool.t]\ncommand = [ \"/bin/t\" ]\n"
            "[[test]]\ntry = \"tool bash\"\nexpect = \"deny\"\n"},
           {"d/c/org.toml", "glovebox = 1\nname = \"org\"\n[cap]\nlimits = { wall = \"1h\" }\n"},
           {"d/p.test.toml",
            "[[test]]\nas = { environment = \"e\", agent = \"a\", tool = \"read\" }\n"
            "try = \"read @workspace/x\"\nexpect = \"allow\"\n"}},
          {}};
}

TEST_CASE("a policy of several files is one, and can be loaded again from what was read") {
  const Loaded first = whole().load("d/p.toml");
  INFO(to_text(first));
  REQUIRE(first.policy);
  const Policy& policy = *first.policy;
  CHECK(policy.profiles.at("q").syscalls == "d/x/f.policy");
  CHECK(policy.secrets.at("s").only == std::vector<Endpoint>{{{"a.example", false}, 443}});
  CHECK(policy.tools.at("t").command == std::vector<std::string>{"/bin/t"});
  REQUIRE(policy.tests.size() == 2);
  CHECK(policy.tests[0].as == Who{});
  CHECK(policy.tests[0].origin.file == "d/x/a.toml");
  CHECK(policy.tests[1].as == Who{"e", "a", "read"});
  CHECK(policy.tests[1].allow);
  REQUIRE(policy.cap);
  CHECK(policy.cap->limits.wall.value == milliseconds(3'600'000));
  CHECK(policy.cap->limits.memory.value == ByteLimit(kMaxBytes));
  CHECK(policy.cap->mounts.size() == 2);

  std::vector<std::string> names;
  for (const SourceFile& file : first.files) names.push_back(file.name);
  CHECK(names ==
        std::vector<std::string>{"d/p.toml", "d/x/a.toml", "d/c/org.toml", "d/p.test.toml"});
  const Loaded again = load("d/p.toml", first.files.front().text, read_from(first.files), Day());
  REQUIRE(again.policy);
  CHECK(again.files.size() == 4);
  CHECK(again.policy->profiles.size() == 2);
}

TEST_CASE("the cap as a profile meets it") {
  const Loaded loaded = whole().load("d/p.toml");
  REQUIRE(loaded.policy);
  const Profile& profile = loaded.policy->profiles.at("q");
  const Profile bound = bound_for(*loaded.policy, profile);
  CHECK(bound.limits.wall.value == milliseconds(3'600'000));
  CHECK(bound.limits.memory.value == profile.limits.memory.value);
  CHECK(bound.syscalls == profile.syscalls);
  CHECK(bound.user == profile.user);
  CHECK(bound.audit.level == profile.audit.level);
  CHECK(bound.egress.empty());
}

}  // namespace
}  // namespace glovebox::policy
