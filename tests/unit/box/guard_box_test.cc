// Boxes with guarded names: what calls cannot do to what is there, and what becomes of what they
// make. In both modes, cold and by a box that waited.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <filesystem>
#include <format>
#include <fstream>
#include <string>
#include <vector>

#include "box/guard_sweep.h"
#include "box/guarded_name.h"
#include "box/known_plan.h"
#include "box/quarantine.h"
#include "box/session_guard.h"
#include "os/file.h"
#include "os/identity.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

namespace fs = std::filesystem;

constexpr Protection kFixed = Protection::read_only;

std::vector<GuardRule> usual_rules() {
  std::vector<GuardRule> rules;
  for (const char* name : {".env*", ".git/config", ".git/hooks", ".vscode"})
    rules.push_back({name, kFixed, Reach::repositories, "p.toml:7"});
  return rules;
}

BoxPlan guarded(const TestSession& session, const std::string& tool = "bash") {
  BoxPlan plan = session.plan(tool);
  plan.guards = usual_rules();
  return plan;
}

std::string say(TestSession& session, const std::string& command) {
  return text_of(session.bash_with(guarded(session), command));
}

// Somebody of the host's, whose files are the workspace's owner's.
void host_makes(const TestSession& session, const std::string& path, const std::string& text) {
  const fs::path whole = fs::path(session.workspace()) / path;
  struct stat owner{};
  REQUIRE(::stat(session.workspace().c_str(), &owner) == 0);
  fs::create_directories(whole.parent_path());
  std::ofstream(whole) << text;
  REQUIRE(::chmod(whole.c_str(), 0644) == 0);
  for (fs::path at = whole; at != session.workspace(); at = at.parent_path())
    REQUIRE(::lchown(at.c_str(), owner.st_uid, owner.st_gid) == 0);
}

bool is_there(const TestSession& session, const std::string& path) {
  return fs::exists(fs::symlink_status(fs::path(session.workspace()) / path));
}

std::string text_at(const TestSession& session, const std::string& path) {
  std::ifstream file(fs::path(session.workspace()) / path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t quarantined(const TestSession& session) {
  const fs::path folder = session.folder() + "/sessions/s/" + kQuarantine;
  if (!fs::exists(folder)) return 0;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

void prepare_host(const TestSession& session) {
  host_makes(session, ".git/config", "[core]\n");
  host_makes(session, ".git/HEAD", "ref: refs/heads/main\n");
  host_makes(session, ".git/hooks/pre-commit", "#!/bin/sh\n");
  host_makes(session, ".env", "KEY=1\n");
  host_makes(session, "sub/.git/config", "[core]\n");
}

struct Attempt {
  const char* name;
  const char* command;
  const char* answer;
};

constexpr Attempt kAttempts[] = {
    {"change a file", "echo x 2>/dev/null >> .env || echo refused", "refused"},
    {"change it in a folder", "echo x 2>/dev/null >> .git/config || echo refused", "refused"},
    {"add to a folder", "touch .git/hooks/new 2>&1 | grep -o 'Read-only'", "Read-only"},
    {"change what is in it", "chmod +x .git/hooks/pre-commit 2>&1 | grep -o 'Read-only'",
     "Read-only"},
    {"remove a file", "rm -f .env 2>&1 | grep -o busy", "busy"},
    {"remove a folder", "rm -rf .git/hooks 2>&1 | grep -o -m1 'Read-only'", "Read-only"},
    {"move a file away", "mv .env e 2>&1 | grep -o busy", "busy"},
    {"replace a file", "echo x > e; mv -f e .env 2>&1 | grep -o busy; rm e", "busy"},
    {"move the folder above", "mv .git g 2>&1 | grep -o busy", "busy"},
    {"replace the folder above by a file",
     "echo 'gitdir: /tmp/evil' > g; mv -fT g .git 2>&1 | grep -c .; rm -f g", "1"},
    {"exchange it",
     "mkdir g; python3 -c 'import ctypes; l = ctypes.CDLL(None, use_errno=True); "
     "print(l.renameat2(-100, b\".git\", -100, b\"g\", 2), ctypes.get_errno())'; rmdir g",
     "-1 16"},
    {"by another path", "cd /proc/self/cwd; echo x 2>/dev/null >> sub/../.env || echo refused",
     "refused"},
    {"by a link", "ln -s .env l; echo x 2>/dev/null >> l || echo refused; rm l", "refused"},
    {"by another name of the file", "ln .env l 2>&1 | grep -oE 'cross-device|Permission'",
     "cross-device"},
    {"what is beside it may be changed", "echo x > .git/index && cat .git/index; rm .git/index",
     "x"},
    {"it can be read", "cat .env .git/config", "KEY=1\n[core]"},
    {"of a repository in it", "echo x 2>/dev/null >> sub/.git/config || echo refused", "refused"},
    {"a mount cannot be taken off", "umount .git/hooks 2>/dev/null || echo refused", "refused"},
};

}  // namespace

TEST_CASE("what is there when a call starts cannot be changed, moved or replaced") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  prepare_host(session);
  for (const Attempt& attempt : kAttempts) {
    INFO(attempt.name);
    // Without the rule it can be done, or the test would prove nothing.
    CHECK(say(session, attempt.command) == attempt.answer);
  }
  CHECK(text_at(session, ".env") == "KEY=1\n");
  CHECK(quarantined(session) == 0);
  BoxPlan open = session.plan("bash");
  open.guards.clear();
  CHECK(text_of(session.bash_with(
            open,
            "echo x >> .env; echo x >> .git/config; touch .git/hooks/new; mv .git "
            "g && mv g .git && rm -r .git/hooks && echo done")) == "done");
}

TEST_CASE("what a call makes under a guarded name is gone when it is answered") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  const RunReport report = session.bash_with(
      guarded(session),
      "mkdir -p .vscode new/.git/hooks; echo t > .vscode/tasks.json; echo k > .env.local; "
      "echo h > new/.git/hooks/post-checkout; echo plain > file; ls -A");
  INFO(text_of(report));
  CHECK(report.verdict.outcome == Outcome::finished);
  CHECK(
      text_of(report).starts_with("[the policy guards these names, what was made there has been "
                                  "taken away: .env.local, .vscode, new/.git/hooks]\n"));
  REQUIRE(report.guard.names.size() == 3);
  CHECK(report.guard.names[1].path == ".vscode");
  CHECK(report.guard.names[1].type == os::FileType::folder);
  CHECK(report.guard.names[1].rule == "p.toml:7");
  CHECK(report.guard.names[1].moved.fate == Fate::quarantined);
  CHECK(report.guard.left.empty());
  for (const char* path : {".vscode", ".env.local", "new/.git/hooks"})
    CHECK_FALSE(is_there(session, path));
  CHECK(text_at(session, "file") == "plain\n");
  CHECK(quarantined(session) == 3);
  // Nothing is made on the host for names that do not exist.
  CHECK(say(session, "ls -A") == "file\nnew");
  CHECK(quarantined(session) == 3);
}

TEST_CASE("nothing above what is protected can be moved, nor what makes a repository one") {
  const auto protection = GENERATE(Protection::read_only, Protection::hidden);
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  host_makes(session, "a/b/repo/.git/HEAD", "ref: refs/heads/main\n");
  host_makes(session, "a/b/repo/.env", "KEY=1\n");
  host_makes(session, "a/b/tree/.git", "gitdir: elsewhere\n");
  host_makes(session, "a/b/tree/.env", "KEY=1\n");
  host_makes(session, "a/b/other", "x\n");
  BoxPlan plan = session.plan("bash");
  plan.guards = {{".env*", protection, Reach::repositories, "p.toml:9"}};
  // rename(2) itself: mv would copy what it cannot move.
  constexpr const char* kMoves = R"(mkdir -p 1/2/3/4; python3 -c '
import os
for path in "a", "a/b", "a/b/repo", "a/b/repo/.git", "a/b/tree", "a/b/tree/.git":
    for to in "x", path + "-x", os.path.dirname(path) + "/x", "1/2/3/4/x":
        try:
            os.rename(path, to)
            print("moved", path, to)
        except OSError:
            pass
try:
    os.unlink("a/b/tree/.git")
    print("removed")
except OSError:
    pass
'; mv a/b/other a/b/another && echo gitdir: there > a/b/tree/.git && echo done)";
  CHECK(text_of(session.bash_with(plan, kMoves)) == "done");
  CHECK(is_there(session, "a/b/repo/.git/HEAD"));
  CHECK(text_at(session, "a/b/tree/.git") == "gitdir: there\n");
  const RunReport later = session.bash_with(
      plan, "for i in a/b/repo a/b/tree; do echo x 2>/dev/null >> $i/.env || echo refused; done");
  CHECK(text_of(later) == "refused\nrefused");
}

TEST_CASE("a way that leads over something else is guarded itself") {
  TestSession session;
  const RunReport report =
      session.bash_with(guarded(session), "echo 'gitdir: /tmp/evil' > .git; ln -s /tmp .vscode");
  REQUIRE(report.guard.names.size() == 2);
  CHECK(report.guard.names[0].path == ".git");
  CHECK(report.guard.names[1].type == os::FileType::symlink);
  CHECK_FALSE(is_there(session, ".git"));
  // One of the host's is a worktree: it stays, and stays as it is.
  host_makes(session, ".git", "gitdir: /elsewhere\n");
  CHECK(say(session, "rm -f .git 2>&1 | grep -o busy; echo x 2>/dev/null > .git || cat .git") ==
        "busy\ngitdir: /elsewhere");
}

TEST_CASE("a link of the host's in place of a guarded name refuses the call") {
  TestSession session;
  fs::create_symlink("elsewhere", session.workspace() + "/.vscode");
  const RunReport report = session.bash_with(guarded(session), "echo ran > ran");
  CHECK(report.verdict.outcome == Outcome::setup_failed);
  CHECK(report.verdict.detail.starts_with(
      "guard: p.toml:7 guards .vscode, which is a symbolic link in the workspace"));
  CHECK_FALSE(is_there(session, "ran"));
  CHECK(is_there(session, ".vscode"));
}

TEST_CASE("what the host makes between calls is known from then on") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  CHECK(say(session, "echo one") == "one");
  host_makes(session, ".vscode/settings.json", "{}");
  CHECK(say(session, "echo x 2>/dev/null >> .vscode/settings.json || cat .vscode/settings.json") ==
        "{}");
  CHECK(is_there(session, ".vscode/settings.json"));
  CHECK(quarantined(session) == 0);
}

TEST_CASE("what an earlier call left running makes is taken away by a later one") {
  TestSession session;
  session.set_background(Background::keep);
  CHECK(say(session,
            "(while ! [ -e go ]; do read -t 0.01 < /dev/zero; done; mkdir .vscode; echo t "
            "> .vscode/tasks.json; echo 1 > made) >/dev/null 2>&1 &") == "(no output)");
  const RunReport report = session.bash_with(
      guarded(session),
      "touch go; while ! [ -e made ]; do read -t 0.01 < /dev/zero; done; echo ok");
  CHECK(text_of(report).ends_with("\nok"));
  REQUIRE(report.guard.names.size() == 1);
  CHECK(report.guard.names[0].path == ".vscode");
  CHECK_FALSE(is_there(session, ".vscode"));
}

TEST_CASE("what an earlier call goes on making does not stop the session") {
  TestSession session;
  session.set_background(Background::keep);
  prepare_host(session);
  CHECK(say(session,
            "(while ! [ -e stop ]; do ln -s /tmp .vscode; rm -rf .vscode; mkdir .vscode; "
            "rm -rf .vscode; done) >/dev/null 2>&1 & echo begun")
            .ends_with("begun"));
  for (int i = 0; i < 10; ++i) {
    const RunReport report =
        session.bash_with(guarded(session), "echo x 2>/dev/null >> .env || echo refused");
    CHECK(report.verdict.outcome == Outcome::finished);
    CHECK(text_of(report).ends_with("refused"));
  }
  CHECK(say(session, "touch stop; wait; echo over").ends_with("over"));
  CHECK(text_at(session, ".env") == "KEY=1\n");
}

TEST_CASE("the git folder of a submodule is guarded like the repository's own") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  prepare_host(session);
  for (const char* path : {"sub/config", "sub/HEAD", "sub/objects/x", "sub/hooks/x"})
    host_makes(session, std::format(".git/modules/{}", path), "good\n");
  const RunReport first = session.bash_with(
      guarded(session),
      "cd .git/modules; echo evil 2>/dev/null >> sub/config || echo refused; echo evil 2>/dev/null "
      "> sub/hooks/post-checkout || echo refused; for i in sub sub/objects sub/hooks; do mv $i x "
      "2>/dev/null && echo moved $i; done; rm sub/HEAD; echo h > sub/HEAD.lock; mv sub/HEAD.lock "
      "sub/HEAD && cat sub/HEAD; mkdir -p new/objects; echo evil > new/config");
  CHECK(text_of(first).ends_with("refused\nrefused\nh"));
  REQUIRE(first.guard.names.size() == 1);
  CHECK(first.guard.names[0].path == ".git/modules/new/config");
  CHECK(say(session,
            "rm -f .git/modules/sub/HEAD; echo x 2>/dev/null >> .git/modules/sub/config || "
            "echo refused") == "refused");
  CHECK(text_at(session, ".git/modules/sub/config") == "good\n");
}

TEST_CASE("what was out of sight when a call began is not known at its end") {
  TestSession session;
  host_makes(session, "sub/.git/HEAD", "ref: refs/heads/main\n");
  host_makes(session, "sub/.vscode/tasks.json", "good");
  const UniqueFd store = os::duplicate(session.store().fd()).value();
  const BoxPlan plan = guarded(session);
  SessionGuard guard({session.workspace(), ""}, store.get());
  const auto names = [](const Result<std::string>& listed) {
    return decode_guarded(listed.value()).value().size();
  };
  CHECK(names(guard.begin(plan, Guests::none)) == 1);
  guard.has_left(plan);
  CHECK(guard.end(plan).is_quiet());
  // No repository any more: the next call's box protects nothing in it.
  const fs::path sub = fs::path(session.workspace()) / "sub";
  fs::rename(sub / ".git", sub / "git");
  CHECK(names(guard.begin(plan, Guests::run)) == 0);
  host_makes(session, "sub/.vscode/tasks.json", "evil");
  fs::rename(sub / "git", sub / ".git");
  const GuardReport report = guard.end(plan);
  REQUIRE(report.names.size() == 1);
  CHECK(report.names[0].path == "sub/.vscode");
  CHECK_FALSE(is_there(session, "sub/.vscode"));
}

TEST_CASE("a call cannot make so much that what was guarded is not found any more") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  prepare_host(session);
  const UniqueFd store = os::duplicate(session.store().fd()).value();
  host_makes(session, "sub/repo/.git/config", "[core]\n");
  host_makes(session, "sub/repo/.git/hooks/sample", "#!/bin/sh\n");
  host_makes(session, "sub/empty/.git/HEAD", "ref: refs/heads/main\n");
  const RunReport first = session.bash_with(guarded(session),
                                            "(while ! [ -e stop ]; do read -t "
                                            "0.05 < /dev/zero; done) >/dev/null 2>&1 "
                                            "& mkdir -p a{1..200}/.git f{1..4200}; echo made");
  CHECK(text_of(first).ends_with("made"));
  CHECK_FALSE(first.guard.is_whole);
  const RunReport second = session.bash_with(
      guarded(session),
      "for i in .git/config .git/hooks/post-checkout; do echo evil 2>/dev/null > sub/repo/$i || "
      "echo refused; done; mkdir sub/empty/.vscode; echo evil > sub/empty/.vscode/tasks.json");
  CHECK(text_of(second).ends_with("refused\nrefused"));
  CHECK_FALSE(is_there(session, "sub/empty/.vscode"));
  // Nor with a keeper that has just begun, nor for who sweeps without one.
  const BoxPlan plan = guarded(session);
  SessionGuard later({session.workspace(), ""}, store.get());
  const GuardedNames found = decode_guarded(later.begin(plan, Guests::none).value()).value();
  CHECK(std::ranges::count(found, "sub/repo/.git/hooks", &GuardedName::path) == 1);
  host_makes(session, "sub/empty/.vscode/tasks.json", "evil");
  struct stat owner{};
  REQUIRE(::stat(session.workspace().c_str(), &owner) == 0);
  const IdMap ids{1000, owner.st_uid, owner.st_gid};
  const GuardReport swept = sweep_at_the_end({session.workspace(), store.get(), ids});
  REQUIRE(swept.names.size() == 1);
  CHECK(swept.names[0].path == "sub/empty/.vscode");
  // What cannot be read lets nothing run.
  REQUIRE(os::swap_file(store.get(), kRootsFile, "nonsense", 0600));
  SessionGuard blind({session.workspace(), ""}, store.get());
  CHECK_FALSE(blind.begin(plan, Guests::none));
  session.bash("touch stop");
}

TEST_CASE("what a keeper that was killed did not sweep is swept before the next call") {
  TestSession session;
  prepare_host(session);
  const UniqueFd store = os::duplicate(session.store().fd()).value();
  const BoxPlan plan = guarded(session);
  {
    SessionGuard before({session.workspace(), ""}, store.get());
    REQUIRE(before.begin(plan, Guests::none));
  }
  host_makes(session, ".vscode/tasks.json", "made by a call whose end nobody saw");
  CHECK(say(session, "ls -A .vscode 2>&1 | grep -o 'No such file'").ends_with("No such file"));
  CHECK_FALSE(is_there(session, ".vscode"));
  CHECK(is_there(session, ".git/config"));
  CHECK(os::facts_at(store.get(), kWatchFile).error().kind() == ErrorKind::not_found);
}

TEST_CASE("a box that waited protects what is there at its call, or another one is made") {
  const auto mode = GENERATE(Background::kill, Background::keep);
  TestSession session({}, Ahead::boxes);
  session.set_background(mode);
  prepare_host(session);
  const PlanPtr known = KnownPlan::of(guarded(session));
  CHECK(known->can_wait());
  REQUIRE(session.keeper().prepare(known));
  constexpr const char* kTry =
      "echo x 2>/dev/null >> .env || echo refused; [ -e .vscode ] && { echo x 2>/dev/null >> "
      ".vscode/a || echo refused too; }; sed -E 's/^[0-9]+ [0-9]+ [0-9:]+//' /proc/self/mountinfo "
      "| "
      "grep -c /workspace/";
  const RunReport first = session.bash_with(guarded(session), kTry);
  CHECK(first.start == BoxStart::waiting);
  CHECK(text_of(first) == "refused\n7");
  // Another name: the one that waits does not protect it.
  host_makes(session, ".vscode/a", "{}");
  const RunReport second = session.bash_with(guarded(session), kTry);
  CHECK(text_of(second) == "refused\nrefused too\n8");
  // The next one is made with it, as soon as there is time.
  bool has_waited = false;
  for (int i = 0; i < 50 && !has_waited; ++i) {
    const RunReport third = session.bash_with(guarded(session), kTry);
    CHECK(text_of(third) == text_of(second));
    has_waited = third.start == BoxStart::waiting;
  }
  CHECK(has_waited);
  // Another file under the same name.
  fs::remove(session.workspace() + "/.env");
  host_makes(session, ".env", "KEY=2\n");
  const RunReport fourth = session.bash_with(guarded(session), std::string(kTry) + "; cat .env");
  CHECK(text_of(fourth) == "refused\nrefused too\n8\nKEY=2");
}

TEST_CASE("a box that waited with other names is not used") {
  TestSession session({}, Ahead::boxes);
  session.set_background(GENERATE(Background::kill, Background::keep));
  prepare_host(session);
  REQUIRE(session.keeper().prepare(KnownPlan::of(guarded(session))));
  // Answered after that was heard; what it sees to afterwards is another kind of box.
  (void)session.run(session.plan("read"), R"({"file_path":".env"})");
  host_makes(session, ".vscode/a", "{}");
  const RunReport report =
      session.bash_with(guarded(session), "echo x 2>/dev/null >> .vscode/a || echo refused");
  CHECK(report.start == BoxStart::with_its_call);
  CHECK(text_of(report) == "refused");
}

TEST_CASE("the walls of guarded names on the third rung") {
  constexpr auto kSysAdmin = static_cast<unsigned>(os::Capability::sys_admin);
  if ((os::effective_capabilities().value_or(0) >> kSysAdmin & 1) == 0) SKIP("needs CAP_SYS_ADMIN");
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  session.host().rung = Rung::without_user_namespaces;
  prepare_host(session);
  const RunReport report = session.bash_with(
      guarded(session),
      "echo x 2>/dev/null >> .env || echo refused; mv .git g 2>&1 | grep -o busy; mkdir .vscode");
  INFO(report.verdict.detail);
  CHECK(text_of(report).ends_with("refused\nbusy"));
  CHECK_FALSE(is_there(session, ".vscode"));
  CHECK(quarantined(session) == 1);
}

TEST_CASE("the file tools meet the same walls") {
  TestSession session;
  prepare_host(session);
  host_makes(session, ".vscode/settings.json", "needle\n");
  const auto run = [&](const std::string& tool, const std::string& input) {
    return session.run(guarded(session, tool), input);
  };
  const RunReport written = run("write", R"({"file_path":".vscode/settings.json","content":"x"})");
  CHECK(written.is_error);
  CHECK(text_of(written) == "write: .vscode/settings.json: read-only file system");
  const RunReport replaced = run("write", R"({"file_path":".env","content":"x"})");
  CHECK(replaced.is_error);
  CHECK(text_of(replaced) == "write: .env: the policy guards this name, it cannot be replaced");
  const RunReport edited =
      run("edit", R"({"file_path":".git/config","old_string":"core","new_string":"x"})");
  CHECK(edited.is_error);
  CHECK(text_of(edited).contains("the policy guards this name, it cannot be replaced"));
  const RunReport made = run("write", R"({"file_path":".git/hooks2/x","content":"x"})");
  CHECK_FALSE(made.is_error);
  const RunReport taken = run("write", R"({"file_path":".env.local","content":"x"})");
  CHECK(taken.is_error);
  CHECK(text_of(taken) == "write: not permitted by policy (p.toml:7)");
  CHECK_FALSE(is_there(session, ".env.local"));
  CHECK(text_of(run("read", R"({"file_path":".env"})")) == "KEY=1\n");
  // A mount of the same folder hides nothing from a search.
  CHECK(text_of(run("glob", R"({"pattern":".vscode/*"})")).contains("settings.json"));
  CHECK(text_of(run("grep", R"({"pattern":"needle"})")).contains("needle"));
  CHECK(text_of(run("grep", R"({"pattern":"KEY"})")).contains("KEY=1"));
  CHECK(text_at(session, ".env") == "KEY=1\n");
  CHECK(text_at(session, ".git/config") == "[core]\n");
}

TEST_CASE("a pattern that is hidden holds at every root, and for what came between the calls") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  prepare_host(session);
  host_makes(session, "sub/.env.local", "SUB=1\n");
  fs::create_symlink("elsewhere", session.workspace() + "/.envlink");
  host_makes(session, "elsewhere", "LINKED=1\n");
  BoxPlan plan = session.plan("bash");
  plan.guards = {{".env*", Protection::hidden, Reach::repositories, "p.toml:9"}};
  const auto look = [&](const std::string& command) {
    return text_of(session.bash_with(plan, command));
  };
  CHECK(look("cat .env sub/.env.local ./sub/../.env /proc/self/cwd/.env elsewhere 2>&1 | grep -c "
             "'Permission denied'; { cat < .env; } 2>/dev/null; tar c . 2>/dev/null | grep -a =1; "
             "cp .env e 2>/dev/null; ln .env l 2>/dev/null; mv .env m 2>/dev/null; cat e l m "
             "2>/dev/null; echo ENV=2 > .env.new; cat .env.new") == "5\nENV=2");
  // What a call made itself it could read; a later one cannot.
  CHECK(look("cat .env.new 2>&1 | grep -o 'Permission denied'") == "Permission denied");
  BoxPlan read = session.plan("read");
  read.guards = plan.guards;
  CHECK(session.run(read, R"({"file_path":".env"})").is_error);
  BoxPlan grep = session.plan("grep");
  grep.guards = plan.guards;
  CHECK_FALSE(text_of(session.run(grep, R"({"pattern":"=1"})")).contains("=1"));
  CHECK(text_at(session, ".env") == "KEY=1\n");
}

TEST_CASE("a call that makes more names than can be hidden does not stop the session") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  host_makes(session, ".env", "KEY=1\n");
  BoxPlan plan = session.plan("bash");
  plan.guards = {{".env*", Protection::hidden, Reach::repositories, "p.toml:9"}};
  const auto say_hidden = [&](const std::string& command) {
    return text_of(session.bash_with(plan, command));
  };
  CHECK(say_hidden("for i in {1..400}; do echo x > .env.$i; done; cat .env.7") == "x");
  CHECK(say_hidden("ls -A | grep -c .env; cat .env.7 2>&1 | grep -o denied") == "401\ndenied");
  const RunReport report =
      session.bash_with(plan, "for i in {401..700}; do echo x > .env.$i; done; echo made");
  INFO(text_of(report));
  CHECK(report.guard.names.size() + report.guard.more == 300);
  CHECK(text_of(report).ends_with("made"));
  CHECK(say_hidden("ls -A | grep -c .env; cat .env 2>&1 | grep -o denied") == "401\ndenied");
  CHECK(text_at(session, ".env") == "KEY=1\n");
  // Long paths fill a box as well.
  const RunReport longer = session.bash_with(
      plan,
      "n=$(printf 'd%.0s' {1..200}); mkdir -p $n/$n/$n/$n/.git; for i in {1..120}; do "
      "echo > $n/$n/$n/$n/.env.$n.$i; done; echo made");
  CHECK(text_of(longer).ends_with("made"));
  CHECK(say_hidden("echo runs") == "runs");
}

TEST_CASE("more names than a box can protect refuse the call") {
  TestSession session;
  for (std::size_t i = 0; i <= kMaxGuardedNames; ++i)
    host_makes(session, std::format(".env{}", i), "x");
  const RunReport report = session.bash_with(guarded(session), "echo ran");
  CHECK(report.verdict.outcome == Outcome::setup_failed);
  CHECK(report.verdict.detail.contains("more than 512 guarded names"));
}

}  // namespace glovebox::box::test
