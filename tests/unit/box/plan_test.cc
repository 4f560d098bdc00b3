#include "box/plan.h"

#include <fcntl.h>
#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "box/plan_text.h"
#include "os/file.h"
#include "policy/builtin.h"
#include "policy/load.h"

namespace glovebox::box {

namespace {

using Kind = PathFacts::Kind;

// A Debian host with a merged /usr, as far as plans look at it.
class PretendedHost final : public HostView {
 public:
  PretendedHost() {
    for (const char* path : {"/usr", "/opt", "/etc/ssl", "/etc/alternatives", "/data", "/outputs"})
      paths[path] = {Kind::directory, {}, {1, paths.size()}};
    for (const char* path : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"})
      paths[path] = {Kind::device, {}, {2, paths.size()}};
    for (const char* name : {"bin", "sbin", "lib", "lib64"})
      paths[std::format("/{}", name)] = {Kind::symlink, std::format("usr/{}", name), {}};
    paths["/link"] = {Kind::symlink, "/data", {}};
    paths["/etc/ld.so.cache"] = {Kind::file, {}, {1, 99}};
  }
  std::optional<PathFacts> look(const std::string& path) const override {
    const auto found = paths.find(path);
    if (found == paths.end()) return std::nullopt;
    return found->second;
  }
  std::map<std::string, PathFacts> paths;
};

HostFacts usual_host() {
  HostFacts host;
  host.kernel = "6.1.0";
  host.uid = 1234;
  host.gid = 1234;
  host.landlock_abi = 6;
  host.processors = 8;
  return host;
}

CallFacts call_of(const std::string& tool) {
  CallFacts call;
  call.tool = tool;
  call.kind = tool == "bash" ? CommandKind::shell : CommandKind::function;
  call.outputs = "/outputs";
  call.rule = "policy.toml:11";
  call.ids = {1000, 1234, 1234};
  call.host_workdir = "/var/lib/glovebox/work/s";
  call.protected_paths = {"/var/lib/glovebox", "/etc/glovebox"};
  return call;
}

const Filter kFilter = {"bash", std::string(8, 'x'), std::string(64, 'd')};

policy::Profile profile_with(const std::string& mounts, const std::string& more = "") {
  const auto loaded = policy::load(
      "p.toml", std::format("glovebox = 1\nname = \"p\"\n[[bind]]\ntools = {{ bash = \"shell\" }}\n"
                            "[profile.shell]\nsyscalls = \"builtin:bash\"\nmount = [{}]\n{}",
                            mounts, more));
  if (!loaded.policy) FAIL(loaded.diagnostics.front().message);
  return loaded.policy->profiles.at("shell");
}

}  // namespace

TEST_CASE("plans that must not be made") {
  struct Row {
    const char* name;
    const char* mounts;
    const char* more;
    ErrorKind kind;
    const char* message;
  };
  const Row rows[] = {
      {"a place of glovebox", R"({ at = "/x", from = "/var/lib/glovebox/audit", mode = "ro" })", "",
       ErrorKind::denied, "would show"},
      {"what a place of glovebox lies in", R"({ at = "/x", from = "/var", mode = "ro" })", "",
       ErrorKind::denied, "would show"},
      {"a missing source", R"({ at = "/x", from = "/nowhere", mode = "ro" })", "",
       ErrorKind::not_found, "p.toml:7: mount source /nowhere does not exist"},
      {"a symlink", R"({ at = "/x", from = "/link", mode = "ro" })", "", ErrorKind::denied,
       "symbolic link"},
      {"a wall that is not there", "",
       "limits = { memory = { value = \"1GiB\", enforce = \"wall\" } }\n", ErrorKind::unsupported,
       "can only watch the memory limit"},
      {"a newer Landlock", "", "landlock = 9\n", ErrorKind::unsupported, "Landlock ABI 9"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    auto plan = make_plan(profile_with(row.mounts, row.more), call_of("bash"), usual_host(),
                          PretendedHost(), kFilter);
    REQUIRE_FALSE(plan);
    INFO(plan.error().message());
    CHECK(plan.error().kind() == row.kind);
    CHECK(plan.error().message().contains(row.message));
  }
}

TEST_CASE("a call may ask for less time, never for more") {
  CallFacts call = call_of("bash");
  call.time_limit = milliseconds(5);
  const auto profile = profile_with("", "limits = { wall = \"2s\" }\n");
  CHECK(make_plan(profile, call, usual_host(), PretendedHost(), kFilter)->limits.wall ==
        milliseconds(5));
  call.time_limit = milliseconds(50'000);
  CHECK(make_plan(profile, call, usual_host(), PretendedHost(), kFilter)->limits.wall ==
        milliseconds(2000));
}

TEST_CASE("on the third rung the walls of a user namespace are absent, and said to be") {
  HostFacts host = usual_host();
  host.rung = Rung::without_user_namespaces;
  const auto plan =
      make_plan(profile_with(""), call_of("bash"), host, PretendedHost(), kFilter).value();
  CHECK_FALSE(plan.layers.has(Layer::user_namespace));
  CHECK_FALSE(plan.layers.has(Layer::no_nested_namespaces));
  CHECK(plan.layers.has(Layer::capabilities));
  CHECK(to_text(plan).contains("user namespace           absent"));
}

// GLOVEBOX_ACCEPT=1 writes the texts anew.
TEST_CASE("the boxes of the shipped policies") {
  for (const std::string policy_name : {"default", "strict"}) {
    const auto loaded = policy::load(policy_name + ".toml", *policy::builtin(policy_name));
    REQUIRE(loaded.policy);
    for (const std::string tool : {"bash", "read", "write", "edit", "glob", "grep"}) {
      const auto decision = loaded.policy->decide("local", "local", tool);
      REQUIRE(decision.profile != nullptr);
      CallFacts call = call_of(tool);
      call.rule = policy::to_string(decision.rule);
      Filter filter = kFilter;
      filter.name = decision.profile->syscalls;
      const auto plan =
          make_plan(*decision.profile, call, usual_host(), PretendedHost(), filter).value();
      const std::string folder = GLOVEBOX_SOURCE_ROOT "/tests/golden/box";
      const std::string name = std::format("{}-{}.txt", policy_name, tool);
      INFO(name);
      if (::getenv("GLOVEBOX_ACCEPT") != nullptr) {
        auto golden = os::open_path(folder, O_RDONLY | O_DIRECTORY);
        REQUIRE(golden);
        REQUIRE(os::replace_file(golden->get(), name, to_text(plan), 0644));
      }
      CHECK(to_text(plan) == os::read_file(folder + "/" + name, kMiB).value_or(""));
    }
  }
}

}  // namespace glovebox::box
