// The way to what is hidden: no call can move it, so the next one finds the same to hide.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "os/file.h"
#include "os/identity.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

namespace fs = std::filesystem;

MountEntry mask(const char* at) {
  MountEntry entry;
  entry.kind = MountKind::mask;
  entry.at = at;
  entry.presence = Presence::if_present;
  return entry;
}

// Each way is tried by one call, and what it gained is looked at by the next.
struct Attempt {
  const char* name;
  const char* hidden;  // a path to hide
  const char* command;
  const char* reads;  // then, by another call
};

constexpr Attempt kAttempts[] = {
    {"move the folder", "/workspace/conf/deep/secret", "mv conf c", "cat c/deep/secret"},
    {"move the folder below it", "/workspace/conf/deep/secret", "mv conf/deep conf/d",
     "cat conf/d/secret"},
    {"put another in its place", "/workspace/conf/deep/secret",
     "mkdir -p x/deep; python3 -c 'import ctypes; ctypes.CDLL(None).renameat2(-100, b\"conf\", "
     "-100, b\"x\", 2)'",
     "cat x/deep/secret"},
    {"turn a link", "/workspace/link", "rm -f link; ln -s /dev/null link", "cat conf/deep/secret"},
    {"move a link", "/workspace/link", "mv link l", "cat conf/deep/secret l"},
    {"turn a link on the way", "/workspace/way/secret", "ln -sfn /tmp way", "cat conf/deep/secret"},
    {"turn the second link", "/workspace/chain/secret", "rm -f way; ln -s /tmp way",
     "cat conf/deep/secret"},
    {"move what a link leads over", "/workspace/link", "mv conf c", "cat c/deep/secret"},
    {"by a way up again", "/workspace/conf/deep/up/secret", "mv conf c",
     "cat c/deep/secret; cat c/deep/up/secret"},
};

void prepare(TestSession& session) {
  session.bash(
      "mkdir -p conf/deep; echo key > conf/deep/secret; ln -s conf/deep/secret link; "
      "ln -s conf/deep way; ln -s way chain; ln -s ../../conf/deep conf/deep/up");
}

}  // namespace

TEST_CASE("what was hidden from one call is hidden from the next, whatever the first one moves") {
  const auto mode = GENERATE(Background::kill, Background::keep);
  for (const Attempt& attempt : kAttempts) {
    INFO(attempt.name);
    TestSession session;
    session.set_background(mode);
    prepare(session);
    BoxPlan plan = session.plan("bash");
    plan.mounts.push_back(mask(attempt.hidden));
    const RunReport first = session.bash_with(plan, attempt.command);
    INFO(text_of(first) << first.verdict.detail);
    CHECK(first.verdict.outcome == Outcome::finished);
    const RunReport second = session.bash_with(plan, std::string(attempt.reads) + "; true");
    INFO(text_of(second) << second.verdict.detail);
    CHECK(second.verdict.outcome == Outcome::finished);
    CHECK_FALSE(text_of(second).contains("key"));
    // Without the mask it could be done, and nothing was lost.
    CHECK(text_of(session.bash("cat conf/deep/secret")) == "key");
    CHECK(
        text_of(session.bash(std::string(attempt.command) + "; " + attempt.reads)).contains("key"));
  }
}

TEST_CASE("what lies beside the way can be changed, and the way is free where it leads nowhere") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  prepare(session);
  BoxPlan plan = session.plan("bash");
  plan.mounts.push_back(mask("/workspace/conf/deep/secret"));
  plan.mounts.push_back(mask("/workspace/other/secret"));
  plan.mounts.push_back(mask("/workspace/loop/secret"));
  plan.mounts.push_back(mask("/workspace/file/secret"));
  CHECK(text_of(session.bash_with(
            plan,
            "echo x > conf/deep/new; mv conf/deep/new conf/deep/n; cat conf/n conf/deep/n "
            "2>/dev/null; readlink link way; mkdir other; ln -s loop loop; echo f > file")) ==
        "x\nconf/deep/secret\nconf/deep");
  CHECK(text_of(session.bash_with(plan, "mv other o && mv file f && echo moved")) == "moved");
}

TEST_CASE("several hidden names that lead to one thing hide it, for every call") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  session.bash(
      "echo key > .env.local; ln -s .env.local .env; ln -s .env .env.2; mkdir real; echo key > "
      "real/key; ln -s real alias");
  BoxPlan plan = session.plan("bash");
  for (const char* at : {"/workspace/.env", "/workspace/.env.local", "/workspace/real",
                         "/workspace/alias", "/workspace/alias/../real"})
    plan.mounts.push_back(mask(at));
  plan.guards = {{".env*", Protection::hidden, Reach::repositories, "p.toml:9"}};
  for (int i = 0; i < 2; ++i) {
    const RunReport report = session.bash_with(
        plan,
        "cat .env .env.2 .env.local real/key alias/key 2>&1 | grep -c 'Permission denied'; "
        "rm -f .env .env.2; true");
    INFO(report.verdict.detail);
    CHECK(text_of(report).starts_with("5\n"));
  }
  CHECK(text_of(session.bash("cat .env real/key")) == "key\nkey");
}

TEST_CASE("hiding in a folder of the host's that calls may write to") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  const fs::path data = fs::path(session.folder()) / "data";
  fs::create_directories(data / "private");
  std::ofstream(data / "private/key") << "key\n";
  struct stat owner{};
  REQUIRE(::stat(session.workspace().c_str(), &owner) == 0);
  for (const fs::path& path : {data, data / "private", data / "private/key"})
    REQUIRE(::lchown(path.c_str(), owner.st_uid, owner.st_gid) == 0);
  BoxPlan plan = session.plan("bash");
  MountEntry bind;
  bind.kind = MountKind::bind;
  bind.at = "/data";
  bind.source = data;
  bind.access = Access::read_write;
  plan.mounts.push_back(bind);
  plan.landlock.push_back({"/data", FileRights::read_write});
  CHECK(text_of(session.bash_with(plan, "cat /data/private/key")) == "key");
  plan.mounts.push_back(mask("/data/private/key"));
  CHECK(text_of(session.bash_with(plan, "mv /data/private /data/p2 2>&1 | grep -o busy")) ==
        "busy");
  CHECK_FALSE(text_of(session.bash_with(plan, "cat /data/p2/key /data/private/key; true"))
                  .contains("key\n"));
}

TEST_CASE("the way to what is hidden on the third rung") {
  constexpr auto kSysAdmin = static_cast<unsigned>(os::Capability::sys_admin);
  if ((os::effective_capabilities().value_or(0) >> kSysAdmin & 1) == 0) SKIP("needs CAP_SYS_ADMIN");
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  session.host().rung = Rung::without_user_namespaces;
  prepare(session);
  BoxPlan plan = session.plan("bash");
  plan.mounts.push_back(mask("/workspace/chain/secret"));
  CHECK(text_of(session.bash_with(plan,
                                  "mv conf c 2>&1 | grep -o busy; rm way 2>&1 | grep -o busy"
                                  "; cat conf/deep/secret 2>&1 | grep -o denied")) ==
        "busy\nbusy\ndenied");
}

}  // namespace glovebox::box::test
