// What a policy guards, hides and denies in the workspace, as a plan.
#include <stdlib.h>

#include <fcntl.h>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "box/guarded_name.h"
#include "box/plan.h"
#include "box/plan_text.h"
#include "box/plan_wire.h"
#include "codec/digest.h"
#include "os/file.h"
#include "plan_of.h"

namespace glovebox::box {
namespace {

class FewFolders final : public HostView {
 public:
  std::optional<PathFacts> look(const std::string& path) const override {
    for (const char* folder : {"/usr", "/data", "/outputs", "/work", "/work/s/sub"})
      if (path == folder) return PathFacts{PathFacts::Kind::directory, {}, {1, 2}};
    return std::nullopt;
  }
};

constexpr const char* kWritable = R"({ at = "@workspace", mode = "rw" })";

Result<BoxPlan> plan_of(const policy::Profile& profile, const std::string& workspace = "/work/s") {
  return plan_of(profile, FewFolders(), workspace);
}

std::vector<std::string> rules_of(const std::string& body) {
  std::vector<std::string> rules;
  for (const GuardRule& rule : plan_of(profile_of(body)).value().guards)
    rules.push_back(std::format("{} {} {} {}", rule.name,
                                rule.protection == Protection::hidden ? "hidden" : "fixed",
                                rule.reach == Reach::workspace ? "here" : "everywhere", rule.rule));
  return rules;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what is guarded in a workspace") {
  const std::string writable = std::format("mount = [{}]\n", kWritable);
  CHECK(rules_of(writable).empty());
  CHECK(rules_of(writable + "guard = [\".vscode\",\n\".git/hooks\", \".env*\"]\n") ==
        Texts{".env* fixed everywhere p.toml:7", ".git/hooks fixed everywhere p.toml:7",
              ".vscode fixed everywhere p.toml:6"});
  CHECK(rules_of(std::format("mount = [{}, {{ at = \"@workspace/docs\", mode = \"ro\" }},\n"
                             "{{ at = \"@workspace/.env*\", mode = \"hide\" }}]\n",
                             kWritable)) ==
        Texts{".env* hidden everywhere p.toml:6", "docs fixed here p.toml:5"});
  // Where nothing can be changed nothing has to be kept from that; what is hidden stays hidden.
  CHECK(rules_of("mount = [{ at = \"@workspace\", mode = \"ro\" }, { at = \"@workspace/x\", mode = "
                 "\"ro\" }, { at = \"@workspace/k*\", mode = \"hide\" }]\n") ==
        Texts{"k* hidden everywhere p.toml:5"});
  policy::Profile fixed = profile_of("mount = [{ at = \"@workspace\", mode = \"ro\" }]\n");
  fixed.guard = {{".git", {"p.toml", 9, 1}}};
  CHECK(plan_of(fixed)->guards.empty());
  // Without a workspace there is nothing.
  fixed.mounts.clear();
  CHECK(plan_of(fixed)->guards.empty());
}

TEST_CASE("rules are a set: their order makes no other box") {
  const std::string writable = std::format("mount = [{}]\n", kWritable);
  policy::Profile one = profile_of(writable + "guard = [\"a\", \"b\"]\n");
  policy::Profile other = profile_of(writable + "guard = [\"b\", \"a\"]\n");
  CHECK(encode_plan(*plan_of(one)) == encode_plan(*plan_of(other)));
}

TEST_CASE("what is denied is hidden by every path that a mount gives it") {
  policy::Profile profile = profile_of(
      std::format("mount = [{}, {{ at = \"/a\", from = \"/data\", mode = \"ro\" }}, {{ at = "
                  "\"/b\", from = \"/data\", mode = \"rw\" }}, {{ at = \"@tmp\", mode = \"tmp\" "
                  "}}]\n",
                  kWritable));
  const auto hidden = [&](const std::string& path) {
    profile.deny.paths = {{path, {"p.toml", 9, 1}}};
    Texts places;
    const BoxPlan plan = plan_of(profile).value();
    for (const MountEntry& entry : plan.mounts)
      if (entry.kind == MountKind::mask) places.push_back(entry.at);
    for (const GuardRule& rule : plan.guards) places.push_back("~" + rule.name);
    return places;
  };
  CHECK(hidden("/a/secret") == Texts{"/a/secret", "/b/secret"});
  CHECK(hidden("/b") == Texts{"/b", "/a"});
  CHECK(hidden("@workspace/.env") == Texts{"/workspace/.env"});
  CHECK(hidden("/workspace/.env") == Texts{"/workspace/.env"});
  CHECK(hidden("/tmp/x") == Texts{"/tmp/x", "/var/tmp/x"});
  CHECK(hidden("/usr/bin/python3") == Texts{"/usr/bin/python3"});
  CHECK(hidden("@workspace/.env*") == Texts{"~.env*"});
  CHECK(hidden("@workspace") == Texts{"/workspace"});
  // Masks come last, so that nothing is mounted over them.
  CHECK(plan_of(profile).value().mounts.back().kind == MountKind::mask);
  profile.deny.paths = {{"/", {"p.toml", 9, 1}}};
  const auto nothing = plan_of(profile);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().kind() == ErrorKind::denied);
  CHECK(nothing.error().message().starts_with("p.toml:9: "));
}

TEST_CASE("a pattern that would hide nothing refuses the plan, whoever read the policy") {
  policy::Profile profile = profile_of(std::format("mount = [{}]\n", kWritable));
  for (const char* path : {"@workspace/*.pem", "@workspace/**/.env", "@workspace/x/*",
                           "/data/.env*", "/home/*", "@workspace/*", "/workspace/a*b"}) {
    INFO(path);
    policy::Profile denying = profile;
    denying.deny.paths = {{path, {"p.toml", 9, 1}}};
    policy::Profile hiding = profile;
    policy::Mount mount;
    mount.at = path;
    mount.mode = policy::MountMode::hide;
    mount.origin = {"p.toml", 9, 1};
    hiding.mounts.push_back(mount);
    for (const policy::Profile& bad : {denying, hiding}) {
      const auto plan = plan_of(bad);
      REQUIRE_FALSE(plan);
      CHECK(plan.error().kind() == ErrorKind::denied);
      CHECK(plan.error().message().starts_with(std::format("p.toml:9: `{}` would hide", path)));
    }
  }
  profile.guard = {{"a*b", {"p.toml", 9, 1}}};
  CHECK_FALSE(plan_of(profile));
}

TEST_CASE("a mount of the host gives no other way to what is protected in the workspace") {
  const auto refused = [](const char* mount, const char* body, const char* workspace) {
    const auto plan =
        plan_of(profile_of(std::format("mount = [{}, {}]\n{}", kWritable, mount, body)), workspace);
    if (plan) return false;
    CHECK(plan.error().kind() == ErrorKind::denied);
    CHECK(plan.error().message().contains("another way"));
    return true;
  };
  constexpr const char* kGuard = "guard = [\".vscode\"]\n";
  constexpr const char* kHide = "deny = { paths = [\"@workspace/.env*\"] }\n";
  constexpr const char* kAbove = R"({ at = "/data", from = "/work", mode = "rw" })";
  constexpr const char* kBelow = R"({ at = "/data", from = "/work/s/sub", mode = "rw" })";
  constexpr const char* kReadOnly = R"({ at = "/data", from = "/work", mode = "ro" })";
  CHECK(refused(kAbove, kGuard, "/work/s"));
  CHECK(refused(kAbove, kGuard, "/work"));
  CHECK(refused(kBelow, kGuard, "/work/s"));
  CHECK(refused(kAbove, kHide, "/work/s"));
  CHECK(refused(kReadOnly, kHide, "/work/s"));
  CHECK_FALSE(refused(kReadOnly, kGuard, "/work/s"));
  CHECK_FALSE(refused(kAbove, "", "/work/s"));
  CHECK_FALSE(refused(kBelow, kGuard, "/work/s/subway"));
  CHECK_FALSE(refused(kAbove, kGuard, "/workshop"));
}

// GLOVEBOX_ACCEPT=1 writes the text anew.
TEST_CASE("the plan of a guarded box as text") {
  policy::Profile profile =
      profile_of(std::format("mount = [{}, {{ at = \"@workspace/docs\", mode = \"ro\" }}]\n"
                             "guard = [\".git/hooks\", \".git/config\", \".env*\"]\n",
                             kWritable));
  profile.deny.paths = {{"@workspace/secrets/k*", {"p.toml", 9, 1}},
                        {"@workspace/.netrc", {"p.toml", 9, 9}}};
  const std::string folder = GLOVEBOX_SOURCE_ROOT "/tests/golden/box";
  const std::string text = to_text(*plan_of(profile));
  if (::getenv("GLOVEBOX_ACCEPT") != nullptr) {
    auto golden = os::open_path(folder, O_RDONLY | O_DIRECTORY);
    REQUIRE(golden);
    REQUIRE(os::replace_file(golden->get(), "guarded-bash.txt", text, 0644));
  }
  CHECK(text == os::read_file(folder + "/guarded-bash.txt", kMiB).value_or(""));
}

TEST_CASE("rules and names travel, and are refused when they are not plain") {
  BoxPlan plan =
      plan_of(profile_of(std::format("mount = [{}]\nguard = [\".git/hooks\"]\n", kWritable)))
          .value();
  plan.filter_digest = codec::sha256(plan.filter).hex();
  CHECK(decode_plan(encode_plan(plan)).value().guards == plan.guards);
  for (const char* name : {"", "/etc", "a//b", "../x", "a/.", "a*b", "*"}) {
    INFO(name);
    plan.guards.front().name = name;
    CHECK_FALSE(decode_plan(encode_plan(plan)));
  }
  const GuardedName good{"sub/.git/config",     1,      "sub/.git", Protection::read_only,
                         os::FileType::regular, {3, 4}, {5, 6},     "p:1"};
  CHECK(decode_guarded(encode_guarded({good})).value() == GuardedNames{good});
  CHECK(decode_guarded(encode_guarded({})).value().empty());
  for (const char* path : {"/a", "a/../b", "", "a/"}) {
    INFO(path);
    GuardedName bad = good;
    bad.path = path;
    bad.depth = 0;
    CHECK_FALSE(decode_guarded(encode_guarded({bad})));
  }
  GuardedName above = good;
  above.depth = 3;  // its root would be the name itself
  CHECK_FALSE(decode_guarded(encode_guarded({above})));
  const std::string bytes = encode_guarded({good});
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK_FALSE(decode_guarded(bytes.substr(0, length)));
}

TEST_CASE("what a component of a rule stands for") {
  CHECK(stands_for(".env", ".env"));
  CHECK_FALSE(stands_for(".env", ".env.local"));
  CHECK(stands_for(".env*", ".env"));
  CHECK(stands_for(".env*", ".envrc"));
  CHECK_FALSE(stands_for(".env*", "x.env"));
  CHECK_FALSE(stands_for(".env*", ".en"));
}

}  // namespace glovebox::box
