#include "policy/canonical.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/jcs.h"
#include "support.h"

namespace glovebox::policy {
namespace {

std::string digest(const std::string& text, Day day = Day()) {
  Loaded loaded = load("p.toml", text, read_from({}), day);
  if (!loaded.policy) FAIL(to_text(loaded));
  const auto made =
      digest_of(*loaded.policy, [](const Profile& profile) { return "of " + profile.syscalls; });
  REQUIRE(made);
  CHECK(made->size() == 64);
  return *made;
}

std::string with(const std::string& keys) {
  return "glovebox = 1\n[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n" + keys;
}

const std::string kRule = "{ host = \"a.example\", port = 443, whole_host = true, why = \"w\" }";
const std::string kOther = "{ host = \"b.example\", port = 80, allow = [ \"GET /x\" ] }";

TEST_CASE("what means the same has one digest") {
  struct Row {
    const char* name;
    std::string a, b;
  };
  const Row rows[] = {
      {"names and reasons", with("why = \"x\"\n"),
       "glovebox = 1\nname = \"n\"\n" + with("").substr(13)},
      {"order of profiles",
       "glovebox = 1\n[[bind]]\ntools = { a = \"p\", b = \"q\" }\n[profile.p]\nuser = \"root\"\n"
       "[profile.q]\n",
       "glovebox = 1\n[profile.q]\n[profile.p]\nuser = \"root\"\n[[bind]]\n"
       "tools = { b = \"q\", a = \"p\" }\n"},
      {"order of binds",
       "glovebox = 1\n[[bind]]\nagent = \"a\"\ntools = { a = \"p\" }\n[[bind]]\nagent = \"b\"\n"
       "tools = { a = \"p\" }\n[profile.p]\n",
       "glovebox = 1\n[[bind]]\nagent = \"b\"\ntools = { a = \"p\" }\n[[bind]]\nagent = \"a\"\n"
       "tools = { a = \"p\" }\n[profile.p]\n"},
      {"defaults that are written out", with(""),
       with("user = \"agent\"\nbackground = \"kill\"\nroot = \"host\"\nlandlock = 1\n"
            "syscalls = \"builtin:bash\"\nlimits = { wall = \"2m\", files = 1024 }\n"
            "audit = { level = \"args\", egress = \"ordered\", capture = [] }\n")},
      {"units", with("limits = { wall = \"60s\", memory = \"1GiB\" }\n"),
       with("limits = { memory = \"1024MiB\", wall = { value = \"1m\", enforce = \"best\" } }\n")},
      {"order of mounts and a source that is the default",
       with("mount = [ { at = \"/a\", mode = \"ro\" }, { at = \"/b\", mode = \"rw\" } ]\n"),
       with("mount = [ { at = \"/b\", mode = \"rw\", exec = false }, { at = \"/a\", from = \"/a\", "
            "mode = \"ro\", exec = true } ]\n")},
      {"order of egress rules", with("egress = [ " + kRule + ", " + kOther + " ]\n"),
       with("egress = [ " + kOther + ", " + kRule + " ]\n")},
      {"a rule in another", with("egress = [ " + kRule + " ]\n"),
       with("egress = [ " + kRule + ", " + kRule + " ]\n")},
      {"a request in another",
       with("egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /**\" ] } ]\n"),
       with("egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /a\", \"GET /**\" ] } "
            "]\n")},
      {"a denial in another", with("deny = { tools = [ \"b*\" ], paths = [ \"/x\" ] }\n"),
       with("deny = { tools = [ \"bash\", \"b*\" ], paths = [ \"/x/y\", \"/x\" ] }\n")},
      {"an address and its block", with("deny = { egress = [ \"203.0.113.7\" ] }\n"),
       with("deny = { egress = [ \"203.0.113.7/32\" ] }\n")},
      {"extends or written out",
       with("extends = \"q\"\nuser = \"root\"\n[profile.q]\nenv = { A = \"1\" }\n"),
       with("user = \"root\"\nenv = { A = \"1\" }\n[profile.q]\nenv = { A = \"1\" }\n")},
      {"tests", with(""), with("[[test]]\ntry = \"tool bash\"\nexpect = \"allow\"\n")},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(digest(row.a) == digest(row.b));
    }
  }
}

TEST_CASE("what means something else has another digest") {
  const std::string base = with("");
  const char* const rows[] = {
      "user = \"root\"\n",
      "background = \"keep\"\n",
      "root = \"image:x\"\n",
      "landlock = 2\n",
      "syscalls = \"builtin:file\"\n",
      "env = { A = \"\" }\n",
      "limits = { wall = \"1m\" }\n",
      "limits = { wall = { value = \"2m\", enforce = \"wall\" } }\n",
      "limits = { cpu = \"1m\" }\n",
      "limits = { cores = 1 }\n",
      "limits = { pids = 1 }\n",
      "limits = { files = 1 }\n",
      "limits = { memory = \"1B\" }\n",
      "limits = { disk = \"1B\" }\n",
      "limits = { tmp = \"1B\" }\n",
      "limits = { output = \"1B\" }\n",
      "mount = [ { at = \"/a\", mode = \"ro\" } ]\n",
      "mount = [ { at = \"/a\", mode = \"ro\", exec = false } ]\n",
      "mount = [ { at = \"/a\", mode = \"ro\", data = \"public\" } ]\n",
      "mount = [ { at = \"/a\", from = \"/b\", mode = \"ro\" } ]\n",
      "mount = [ { at = \"/a\", mode = \"rw\" } ]\n",
      "mount = [ { at = \"/a\", mode = \"tmp\" } ]\n",
      "mount = [ { at = \"/a\", mode = \"tmp\", size = \"1B\" } ]\n",
      "mount = [ { at = \"/a\", mode = \"hide\" } ]\n",
      "mount = [ { at = \"@workspace\", mode = \"rw\" } ]\n",
      "guard = [ \".git\" ]\nmount = [ { at = \"@workspace\", mode = \"rw\" } ]\n",
      "devices = [ \"/dev/x\" ]\n",
      "deny = { tools = [ \"x\" ] }\n",
      "deny = { paths = [ \"/x\" ] }\n",
      "deny = { syscalls = [ \"ptrace\" ] }\n",
      "deny = { egress = [ \"x.example\" ] }\n",
      "egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /\" ] } ]\n",
      "egress = [ { host = \"*.a.example\", port = 80, allow = [ \"GET /\" ] } ]\n",
      "egress = [ { host = \"a.example\", port = \"80-81\", mode = \"http\", allow = [ \"GET /\" ] "
      "} ]\n",
      "egress = [ { host = \"a.example\", port = 80, mode = \"inspect\", allow = [ \"GET /\" ] } "
      "]\n",
      "egress = [ { host = \"a.example\", port = 80, allow = [ \"HEAD /\" ] } ]\n",
      "egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /**\" ] } ]\n",
      "egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /\" ], trusted = true } ]\n",
      "egress = [ { host = \"a.example\", port = 80, allow = [ \"GET /\" ], private = true } ]\n",
      "approve = [ { when = { tool = \"a\" }, by = \"a:b\", timeout = \"1m\", otherwise = \"deny\" "
      "} ]\n",
      "approve = [ { when = { tool = \"a\" }, by = \"a:c\", timeout = \"1m\", otherwise = \"deny\" "
      "} ]\n",
      "approve = [ { when = { tool = \"a\" }, by = \"a:b\", timeout = \"2m\", otherwise = \"deny\" "
      "} ]\n",
      "audit = { level = \"metadata\" }\n",
      "audit = { egress = \"durable\" }\n",
      "audit = { capture = [ \"x\" ] }\n",
      "expires = 2030-01-01\n",
      "expires = 2030-01-02\n",
      "[profile.q]\n",
      "[secret.s]\nfrom = \"file:/a\"\nonly = [ \"a.example:1\" ]\n",
      "[secret.s]\nfrom = \"file:/b\"\nonly = [ \"a.example:1\" ]\n",
      "[secret.s]\nfrom = \"file:/a\"\nonly = [ \"a.example:2\" ]\n",
      "[secret.s]\nfrom = \"file:/a\"\nonly = [ \"a.example:1\" ]\nexpose = \"env\"\ntools = [ "
      "\"x\" "
      "]\n",
      "[tool.t]\ncommand = [ \"/t\" ]\n",
      "[tool.t]\ncommand = [ \"/t\", \"a\" ]\n",
      "[tool.t]\nmcp = { command = [ \"/t\" ] }\n",
      "[tool.t]\nmcp = { url = \"https://t.example\" }\n",
  };
  std::map<std::string, std::string> seen = {{digest(base), "nothing"}};
  for (const char* row : rows) {
    INFO(row);
    const auto [at, fresh] = seen.emplace(digest(with(row)), row);
    INFO("has the digest of " << at->second);
    CHECK(fresh);
  }
}

TEST_CASE("the digest does not depend on the day") {
  const std::string text = with("expires = 2027-01-01\nuser = \"root\"\n");
  using std::chrono::year;
  CHECK(digest(text, Day(year(2026) / 1 / 1)) == digest(text, Day(year(2028) / 1 / 1)));
}

TEST_CASE("a secret's value is nowhere, and the form is canonical JSON") {
  const Policy policy =
      policy_of(with("[secret.s]\nfrom = \"file:/k\"\nonly = [ \"a.example:443\" ]\n"));
  const auto text = codec::to_jcs(canonical(policy, [](const Profile&) { return "f"; }));
  REQUIRE(text);
  CHECK(text->starts_with(
      "{\"bind\":[{\"agent\":null,\"environment\":null,\"tools\":{\"*\":\"p\"}}]"));
  CHECK(
      text->contains("\"s\":{\"expose\":0,\"from\":\"file:/k\",\"only\":[{\"host\":\"a.example\","
                     "\"port\":443}],\"tools\":[]}"));
  CHECK(!text->contains("p.toml"));
}

}  // namespace
}  // namespace glovebox::policy
