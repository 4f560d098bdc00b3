// A case for each code, with the place that it names: a code that nothing can bring about, or whose
// caret stands elsewhere, fails here.
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <format>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/check.h"
#include "policy/load.h"
#include "seccomp/filter.h"
#include "seccomp/parse.h"
#include "support.h"

namespace glovebox::policy {
namespace {

using std::chrono::November;
const Day kToday{std::chrono::year(2026) / November / 30};

// Stands in for compare(): wider is what the test says is wider, a longer wall time here.
std::vector<Difference> longer_wall(const Profile& before, const Filters&, const Profile& after,
                                    const Filters&) {
  std::vector<Difference> all;
  if (after.limits.wall.value > before.limits.wall.value)
    all.push_back({Direction::wider, "limits.wall", "a call may take longer", std::nullopt,
                   Risk::low, before.limits.wall.origin, after.limits.wall.origin});
  if (after.audit.level < before.audit.level)
    all.push_back({Direction::wider, "audit.level", "less is recorded", std::nullopt, Risk::high,
                   before.origins.at("audit.level"), after.origins.at("audit.level")});
  return all;
}

Filters shipped_filters() {
  Filters filters;
  for (const char* name : {"bash", "file", "search"})
    filters.emplace(std::string("builtin:") + name,
                    *seccomp::parse(name, *seccomp::builtin_text(name), seccomp::builtin_set));
  return filters;
}

struct Row {
  const char* name;
  Code code;
  std::string text;  // of p.toml
  const char* place;
  std::uint32_t width;
  std::map<std::string, std::string> files = {};
  ErrorKind refused = ErrorKind::not_found;  // what reading another file ends with
};

std::string profile(const std::string& keys) {
  return "glovebox = 1\n[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n" + keys;
}

std::vector<Row> rows() {
  const std::string cap =
      "glovebox = 1\ncap = \"c.toml\"\n[[bind]]\ntools = { \"*\" = \"p\" }\n"
      "[profile.p]\n";
  const std::string egress =
      "egress = [ { host = \"a.example\", port = 443, mode = \"inspect\", "
      "allow = [ \"GET /**\" ], inject = \"s\", why = \"w\" } ]\n";
  const std::string open =
      "egress = [ { host = \"a.example\", port = 443, whole_host = true, "
      "why = \"w\" } ]\n";
  return {
      {"empty", Code::unreadable, "", "p.toml:1:1", 1},
      {"NUL", Code::not_text, std::string("a\0b", 3), "p.toml:1:2", 1},
      {"bidi", Code::not_text, "# \xE2\x80\xAE\n", "p.toml:1:3", 1},
      {"no TOML", Code::syntax, "glovebox == 1\n", "p.toml:1:11", 1},
      {"deep", Code::too_deep, "x = " + std::string(17, '[') + "\n", "p.toml:1:21", 1},
      {"unknown key", Code::unknown_key, profile("mounts = []\n"), "p.toml:5:1", 6},
      {"wrong type", Code::wrong_type, profile("landlock = \"6\"\n"), "p.toml:5:12", 3},
      {"bad value", Code::bad_value, profile("user = \"rooot\"\n"), "p.toml:5:8", 7},
      {"missing key", Code::missing_key, profile("mount = [ { at = \"/opt\" } ]\n"), "p.toml:5:11",
       15},
      {"duplicate", Code::duplicate, profile("guard = [ \".vscode\", \".vscode\" ]\n"),
       "p.toml:5:22", 9},
      {"undefined", Code::undefined, profile("deny = { syscalls = [ \"ptraze\" ] }\n"),
       "p.toml:5:23", 8},
      {"undefined secret", Code::undefined, profile(egress), "p.toml:5:96", 3},
      {"inert", Code::inert,
       profile("egress = [ { host = \"a.example\", port = 443, allow = [], whole_host = true, "
               "why = \"w\" } ]\n"),
       "p.toml:5:46", 5},
      {"later", Code::not_in_this_version, "glovebox = 1\nsign = 1\n" + profile("").substr(13),
       "p.toml:2:1", 4},
      {"overlap", Code::overlap,
       "glovebox = 1\n[[bind]]\ntools = { a = \"p\" }\n[[bind]]\ntools = { b = \"p\" }\n"
       "[profile.p]\n",
       "p.toml:4:1", 1},
      {"conflict", Code::conflict, profile("[tool.bash]\ncommand = [ \"/x\" ]\n"), "p.toml:5:7", 4},
      {"bad path", Code::bad_path, profile("devices = [ \"/etc/passwd\" ]\n"), "p.toml:5:13", 13},
      {"mount of the root", Code::forbidden_mount,
       profile("mount = [ { at = \"/\", mode = \"ro\" } ]\n"), "p.toml:5:11", 25},
      {"include of itself", Code::bad_include,
       "glovebox = 1\ninclude = [ \"p.toml\" ]\n" + profile("").substr(13), "p.toml:2:13", 8},
      {"extends itself", Code::bad_extends, profile("extends = \"p\"\n"), "p.toml:5:11", 3},
      {"cap that contradicts itself",
       Code::bad_cap,
       cap,
       "c.toml:3:20",
       3,
       {{"c.toml", "glovebox = 1\n[cap]\ndeny = { tools = [ \"*\" ] }\n"}}},
      {"cap of somebody else", Code::untrusted_file, cap, "p.toml:2:7", 8, {}, ErrorKind::denied},
      {"symlink loop", Code::unreadable, cap, "p.toml:2:7", 8, {}, ErrorKind::io},
      {"not enforced", Code::not_enforced, profile("devices = [ \"/dev/x\" ]\n"), "p.toml:5:13", 8},
      {"captures", Code::not_enforced, profile("audit = { capture = [ \"net\" ] }\n"),
       "p.toml:5:23", 5},
      {"a secret that boxes hold", Code::not_enforced,
       profile("[secret.s]\nfrom = \"file:/etc/s\"\nonly = [ \"a.example:443\" ]\n"
               "expose = \"env\"\ntools = [ \"bash\" ]\n"),
       "p.toml:5:9", 1},
      {"more ports than are listened on", Code::not_enforced,
       profile("egress = [ { host = \"a.example\", port = \"1000-1040\", mode = \"raw\", "
               "whole_host = true, why = \"w\" } ]\n"),
       "p.toml:5:12", 86},
      {"a filter for a while", Code::loosened_by_date,
       profile("extends = \"q\"\nexpires = 2026-12-24\nwhy = \"w\"\n"
               "syscalls = \"builtin:search\"\n[profile.q]\n"),
       "p.toml:6:11", 10},
      {"ended", Code::nothing_holds, profile("expires = 2026-11-29\n"), "p.toml:3:17", 3},
      {"denied rule", Code::dead, profile("deny = { egress = [ \"*.example\" ] }\n" + open),
       "p.toml:6:12", 64},
      {"hidden mount", Code::dead,
       profile(
           "mount = [ { at = \"/opt/x\", mode = \"ro\" }, { at = \"/opt\", mode = \"hide\" } ]\n"),
       "p.toml:5:11", 30},
      {"denied approval", Code::dead,
       profile("deny = { tools = [ \"bash\" ] }\napprove = [ { when = { tool = \"bash\" }, "
               "by = \"a:b\", timeout = \"1m\", otherwise = \"deny\" } ]\n"),
       "p.toml:6:81", 6},
      {"request twice", Code::shadowed,
       profile("egress = [ { host = \"a.example\", port = 80, why = \"w\", "
               "allow = [ \"GET /a/*\", \"GET /**\" ] } ]\n"),
       "p.toml:5:66", 10},
      {"denial twice", Code::shadowed, profile("deny = { tools = [ \"b*\", \"bash\" ] }\n"),
       "p.toml:5:26", 6},
      {"no such tool", Code::never_matches, profile("deny = { tools = [ \"bsh\" ] }\n"),
       "p.toml:5:20", 5},
      {"unused profile", Code::unused, profile("[profile.q]\n"), "p.toml:5:10", 1},
      {"unused secret", Code::unused,
       profile("[secret.s]\nfrom = \"credential:s\"\nonly = [ \"a.example:443\" ]\n"), "p.toml:5:9",
       1},
      {"expired", Code::expired, profile("expires = 2026-11-29\n"), "p.toml:5:11", 10},
      {"expires soon", Code::expires_soon, profile("expires = 2026-12-30\n"), "p.toml:5:11", 10},
      {"F1",
       Code::beyond_cap,
       cap + "limits = { wall = \"2m\" }\n",
       "p.toml:6:19",
       4,
       {{"c.toml", "glovebox = 1\n[cap]\nlimits = { wall = \"1m\" }\n"}}},
      {"F2", Code::beyond_parent,
       profile("extends = \"q\"\nlimits = { wall = \"5m\" }\n[profile.q]\n"), "p.toml:6:19", 4},
      {"F3, bound elsewhere", Code::secret_reach,
       profile(egress + "[secret.s]\nfrom = \"credential:s\"\nonly = [ \"b.example:443\" ]\n"),
       "p.toml:5:12", 100},
      {"F3, in the hands of a tool", Code::secret_reach,
       profile(open + "[secret.s]\nfrom = \"credential:s\"\nonly = [ \"a.example:443\" ]\n"
                      "expose = \"env\"\ntools = [ \"bash\" ]\n"),
       "p.toml:5:12", 64},
      {"F4", Code::exfiltration,
       profile("why = \"w\"\nmount = [ { at = \"/srv\", mode = \"ro\" } ]\n" + open), "p.toml:7:12",
       64},
      {"F5", Code::write_and_run,
       profile("mount = [ { at = \"@workspace\", mode = \"rw\", exec = true } ]\n"), "p.toml:5:11",
       47},
      {"F6, a block", Code::local_reach,
       profile("egress = [ { host = \"169.254.169.254\", port = 80, mode = \"raw\", "
               "private = true, whole_host = true, why = \"w\" } ]\n"),
       "p.toml:5:12", 99},
      {"F6, a name", Code::local_reach,
       profile("egress = [ { host = \"localhost\", port = 80, allow = [ \"GET /\" ], why = \"w\" } "
               "]\n"),
       "p.toml:5:12", 65},
      {"F7", Code::tool_unbound,
       "glovebox = 1\n[[bind]]\ntools = { bash = \"p\" }\n[profile.p]\n[tool.t]\n"
       "command = [ \"/t\" ]\n",
       "p.toml:5:7", 1},
      {"F8",
       Code::audit_below_cap,
       cap + "audit = { level = \"metadata\" }\n",
       "p.toml:6:19",
       10,
       {{"c.toml", "glovebox = 1\n[cap]\naudit = { level = \"args\" }\n"}}},
      {"F10", Code::no_floor, profile("syscalls = \"open.policy\"\n"), "p.toml:5:12", 13},
      {"F12, root", Code::without_why, profile("user = \"root\"\n"), "p.toml:5:8", 6},
      {"F12, a folder", Code::without_why,
       profile("mount = [ { at = \"/srv\", mode = \"ro\" } ]\n"), "p.toml:5:11", 28},
      {"F12, a device", Code::without_why, profile("devices = [ \"/dev/x\" ]\n"), "p.toml:5:13", 8},
      {"F12, far away", Code::without_why, profile("expires = 2028-11-30\n"), "p.toml:5:11", 10},
  };
}

std::vector<Diagnostic> all_of(const Row& row) {
  const ReadFile read = [&](const std::string& path) -> Result<std::string> {
    if (const auto at = row.files.find(path); at != row.files.end()) return at->second;
    return Error(path == "p.test.toml" ? ErrorKind::not_found : row.refused, "cannot be had");
  };
  Loaded loaded = load("p.toml", row.text, read, kToday);
  if (!loaded.policy) return loaded.diagnostics;
  Filters filters = shipped_filters();
  filters.emplace("open.policy",
                  *seccomp::parse("open.policy", "default: errno(ENOSYS)\nptrace: allow  # x\n",
                                  seccomp::builtin_set));
  std::vector<Diagnostic> all =
      check_policy(*loaded.policy, filters,
                   row.code == Code::loosened_by_date ? policy::Compare(compare) : longer_wall);
  for (const auto& more : {not_enforced(*loaded.policy), nothing_holds(*loaded.policy)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST_CASE("each code has a case that names its place") {
  std::set<Code> seen;
  for (const Row& row : rows()) {
    seen.insert(row.code);
    DYNAMIC_SECTION(row.name) {
      std::string found;
      bool exact = false;
      for (const Diagnostic& d : all_of(row)) {
        const std::string place =
            std::format("{}:{}:{}", d.origin.file, d.origin.line, d.origin.column);
        found += std::format("GB{:04} {} +{}: {}\n", static_cast<unsigned>(d.code), place, d.width,
                             d.message);
        exact = exact || (d.code == row.code && place == row.place && d.width == row.width);
      }
      INFO(found);
      CHECK(exact);
    }
  }
  for (const Code code : all_codes()) {
    INFO("code " << static_cast<unsigned>(code));
    CHECK(seen.contains(code));
  }
}

TEST_CASE("what is as it should be brings nothing about") {
  const char* const good[] = {
      // F4 with one of the three broken
      "why = \"w\"\nmount = [ { at = \"/srv\", mode = \"ro\", data = \"public\" } ]\n"
      "egress = [ { host = \"a.example\", port = 443, whole_host = true, why = \"w\" } ]\n",
      "why = \"w\"\nmount = [ { at = \"/srv\", mode = \"ro\" } ]\n"
      "egress = [ { host = \"a.example\", port = 443, whole_host = true, trusted = true, "
      "why = \"w\" } ]\n",
      "why = \"w\"\nmount = [ { at = \"/srv\", mode = \"ro\" } ]\n"
      "egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /**\", \"HEAD /**\" ] } ]\n",
      "why = \"w\"\nmount = [ { at = \"/srv\", mode = \"ro\" } ]\n"
      "egress = [ { host = \"a.example\", port = 443, whole_host = true, why = \"w\" } ]\n"
      "approve = [ { when = { tool = \"*\" }, by = \"a:b\", timeout = \"1m\", otherwise = \"deny\" "
      "} ]",
      // F5 and F12
      "why = \"w\"\nuser = \"root\"\ndevices = [ \"/dev/x\" ]\n"
      "mount = [ { at = \"@workspace\", mode = \"rw\", exec = true } ]\n",
      "mount = [ { at = \"@workspace\", mode = \"rw\" }, { at = \"@tmp\", mode = \"tmp\" } ]\n",
      // dates
      "expires = 2026-12-31\n",
      // secrets
      "egress = [ { host = \"a.example\", port = 443, mode = \"inspect\", allow = [ \"GET /**\" ], "
      "inject = \"s\", why = \"w\" } ]\n[secret.s]\nfrom = \"file:/k\"\nonly = [ \"*.example:443\" "
      "]\n",
  };
  for (const char* keys : good) {
    DYNAMIC_SECTION(keys) {
      const Loaded loaded = load("p.toml", profile(keys), read_from({}), kToday);
      INFO(to_text(loaded));
      REQUIRE(loaded.policy);
      const auto found = check_policy(*loaded.policy, shipped_filters(), longer_wall);
      INFO(to_text(found, loaded.files));
      CHECK(found.empty());
    }
  }
}

TEST_CASE("what belongs to glovebox is given to nobody") {
  const std::string places[] = {"/var/lib/glovebox", "/etc/glovebox/policy.toml"};
  struct Mounted {
    const char* mount;
    bool refused;
  };
  const Mounted mounts[] = {
      {"at = \"/x\", from = \"/var/lib/glovebox/audit\", mode = \"ro\"", true},
      {"at = \"/var/lib/glovebox\", mode = \"ro\"", true},
      {"at = \"/var/lib\", mode = \"rw\"", true},
      {"at = \"/etc\", mode = \"ro\"", true},
      {"at = \"/etc/glovebox/policy.toml\", mode = \"ro\"", true},
      {"at = \"/etc/glovebox/other\", mode = \"ro\"", false},
      {"at = \"/var/lib/gloveboxes\", mode = \"ro\"", false},
      {"at = \"/var/lib/glovebox\", mode = \"hide\"", false},
      {"at = \"/var/lib/glovebox\", mode = \"tmp\"", false},
  };
  for (const Mounted& row : mounts) {
    DYNAMIC_SECTION(row.mount) {
      const Policy policy = policy_of(profile(std::format("mount = [ {{ {} }} ]\n", row.mount)));
      const auto found = mounts_of(policy, places);
      CHECK(found.empty() != row.refused);
      if (row.refused) CHECK(policy::places(found) == std::vector<std::string>{"GB0021 5:11"});
    }
  }
}

TEST_CASE("without a way to compare every answer is the careful one") {
  const Row capped{"", Code::beyond_cap,
                   "glovebox = 1\ncap = \"c.toml\"\n[[bind]]\ntools = { \"*\" = \"p\" }\n"
                   "[profile.p]\n",
                   "", 0};
  const Loaded loaded =
      load("p.toml", capped.text, read_from({{"c.toml", "glovebox = 1\n[cap]\n"}}), kToday);
  REQUIRE(loaded.policy);
  CHECK(places(beyond_cap(*loaded.policy, {}, {})) == std::vector<std::string>{"GB0101 5:10"});
  const Policy child = policy_of(profile("extends = \"q\"\n[profile.q]\n"), "p.toml");
  CHECK(places(check_policy(child, {}, {})) == std::vector<std::string>{"GB0102 5:11"});
  // A profile that the dates left empty exceeds nothing.
  const Policy none = policy_of(profile("expires = 2026-01-01\n"), "p.toml");
  CHECK(beyond_cap(none, {}, {}).empty());
}

}  // namespace
}  // namespace glovebox::policy
