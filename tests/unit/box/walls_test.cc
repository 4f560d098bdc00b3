#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <format>
#include <string>

#include "os/file.h"
#include "os/identity.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

struct Row {
  const char* name;
  const char* command;
  const char* answer;
};

constexpr Row kWalls[] = {
    {"capabilities", "grep -h ^Cap /proc/self/status | tr -d '\\t' | sort -u",
     "CapAmb:0000000000000000\nCapBnd:0000000000000000\nCapEff:0000000000000000\n"
     "CapInh:0000000000000000\nCapPrm:0000000000000000"},
    {"no new privileges, filter",
     "grep -hE '^(NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'",
     "NoNewPrivs:1\nSeccomp:2"},
    {"the root", "ls / | grep -v ^lib", "bin dev etc opt outputs proc sbin tmp usr var workspace"},
    {"the root is read-only", "echo x 2>/dev/null > /f || echo refused", "refused"},
    {"the system is read-only", "echo x 2>/dev/null > /usr/bin/f || echo refused", "refused"},
    {"secrets of the host", "cat /etc/shadow /root/.bashrc 2>&1 | grep -c 'No such file'", "2"},
    {"sysctls", "ls /proc/sys /sys 2>&1 | grep -c 'No such file'", "2"},
    {"processes of the host", "ls -d /proc/[0-9]* | wc -l | tr -d '\\n'; kill -0 1 && echo",
     nullptr},
    {"init cannot be ended",
     "exec 2>/dev/null; sleep 99 & kill -9 1; kill -STOP 1; kill -9 -1; echo alive", "alive"},
    {"init cannot be read",
     "cat /proc/1/environ /proc/1/maps 2>&1 | grep -vcE 'No such file|Permission denied'; :", "0"},
    {"no user namespace", "unshare -U true 2>/dev/null || echo refused", "refused"},
    {"no mount", "mount -t tmpfs x /tmp 2>/dev/null || echo refused", "refused"},
    {"no sockets or fifos in the workspace", "mkfifo p 2>&1 | grep -c 'Permission denied'", "1"},
    {"fifos in /tmp", "mkfifo /tmp/p && echo made", "made"},
    {"devices", "ls /dev | tr '\\n' ' '",
     "fd full null ptmx pts random shm stderr stdin stdout urandom zero "},
    {"terminals", "exec 9<>/dev/ptmx && ls /dev/pts | tr '\\n' ' '", "0 ptmx "},
    {"network", "cat /proc/net/dev 2>/dev/null | grep -c eth0", nullptr},
    {"environment", "env | cut -d= -f1 | sort | tr '\\n' ' '",
     "HOME LANG OLDPWD PATH PWD SHELL SHLVL TERM TMPDIR USER _ "},
    {"descriptors", "ls /proc/self/fd | tr '\\n' ' '", nullptr},
    {"core files", "ulimit -c", "0"},
    {"signals and message queues", "ulimit -i; ulimit -q", "4096\n819200"},
    {"files made belong to the agent", "touch t && stat -c %u:%g:%a t", "1000:1000:600"},
};

std::string words(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

TEST_CASE("what the walls of a shell's box hold") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  for (const Row& row : kWalls) {
    INFO(row.name);
    const RunReport report = session.bash(row.command);
    INFO(text_of(report) << " " << report.verdict.detail);
    CHECK(report.verdict.outcome != Outcome::setup_failed);
    if (row.answer == nullptr) continue;
    const bool listed = std::string_view(row.name) == "the root";
    CHECK((listed ? words(text_of(report)) : text_of(report)) == row.answer);
  }
}

TEST_CASE("boxes of one session do not share /tmp or processes in kill mode") {
  TestSession session;
  session.set_background(Background::kill);
  session.bash("echo secret > /tmp/left; echo secret > /dev/shm/left");
  CHECK(text_of(session.bash("cat /tmp/left /dev/shm/left 2>/dev/null; ls -A /tmp /dev/shm")) ==
        "/dev/shm:\n\n/tmp:");
}

TEST_CASE("a hidden path is empty and closed by every way to it") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  session.bash("mkdir sub secret; echo token > .env; echo key > secret/key");
  BoxPlan plan = session.plan("bash");
  for (const char* path : {"/workspace/.env", "/workspace/secret", "/workspace/absent"}) {
    MountEntry entry;
    entry.kind = MountKind::mask;
    entry.at = path;
    entry.presence = Presence::if_present;
    plan.mounts.push_back(entry);
  }
  for (const char* command :
       {"cat .env", "cat sub/../.env", "cat /proc/self/cwd/.env", "cat < .env", "cat secret/key",
        "chmod 700 secret && cat secret/key", "rm -f .env && cat .env", "mv .env e && cat e"}) {
    INFO(command);
    const std::string text = text_of(session.bash_with(plan, command));
    INFO(text);
    CHECK_FALSE(text.contains("token"));
    CHECK_FALSE(text.contains("key\n"));
    CHECK((text.contains("Permission denied") || text.contains("Read-only") ||
           text.contains("busy") || text.contains("not permitted")));
  }
  CHECK(text_of(session.bash("cat .env secret/key")) == "token\nkey");
}

TEST_CASE("what a link in the place of a hidden path leads to is hidden as well") {
  TestSession session;
  session.bash("mkdir real; echo key > real/key; ln -s real alias; ln -s . dot; ln -s /gone loose");
  for (const char* path : {"/workspace/alias", "/workspace/alias/key", "/workspace/dot/real",
                           "/workspace/dot/alias/key"}) {
    BoxPlan plan = session.plan("bash");
    for (const char* hidden : {path, "/workspace/loose", "/workspace/loose/more"}) {
      MountEntry entry;
      entry.kind = MountKind::mask;
      entry.at = hidden;
      entry.presence = Presence::if_present;
      plan.mounts.push_back(entry);
    }
    for (const char* command : {"cat real/key", "cat alias/key", "cat dot/real/key"}) {
      INFO(path << ": " << command);
      CHECK(text_of(session.bash_with(plan, command)).contains("Permission denied"));
    }
  }
}

TEST_CASE("a mount in a folder of the workspace cannot be moved from under a later call") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  session.bash("mkdir -p a/b/c");
  BoxPlan plan = session.plan("bash");
  MountEntry entry;
  entry.kind = MountKind::bind;
  entry.at = "/workspace/a/b";
  entry.source = "/usr/share";
  const auto facts = os::facts_of_path("/usr/share");
  REQUIRE(facts);
  entry.identity = FileIdentity{facts->device, facts->inode};
  plan.mounts.push_back(entry);
  plan.landlock.push_back({"/workspace/a/b", FileRights::read_execute});
  const RunReport first = session.bash_with(plan, "test -d a/b/doc && echo mounted");
  INFO(first.verdict.detail);
  CHECK(text_of(first) == "mounted");
  session.bash_with(plan, "mv a elsewhere; mkdir -p a/b; ln -s / elsewhere2");
  CHECK(
      session.bash_with(plan, "cat a/b/x").verdict ==
      Verdict{Outcome::setup_failed, 0, "mount /workspace/a/b: was moved away by an earlier call"});
  session.bash_with(session.plan("bash"), "rm -r a; ln -s / a; mkdir b 2>/dev/null");
  CHECK(session.bash_with(plan, "true").verdict.outcome == Outcome::setup_failed);
  CHECK(text_of(session.bash("echo alive")) == "alive");
}

TEST_CASE("the third rung: root without user namespaces") {
  constexpr auto kSysAdmin = static_cast<unsigned>(os::Capability::sys_admin);
  if ((os::effective_capabilities().value_or(0) >> kSysAdmin & 1) == 0) SKIP("needs CAP_SYS_ADMIN");
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  session.host().rung = Rung::without_user_namespaces;
  const RunReport report = session.bash("id -u; grep -h ^CapBnd /proc/self/status; echo x > f");
  INFO(report.verdict.detail);
  CHECK(text_of(report) == "1900000007\nCapBnd:\t0000000000000000");
  CHECK(text_of(session.bash("unshare -U true 2>/dev/null || echo refused")) == "refused");
  CHECK(text_of(session.run(session.plan("read"), R"({"file_path":"f"})")) == "x\n");
  std::string output;
  CHECK(session.run_program(session.program({"true"}), output).verdict ==
        Verdict{Outcome::finished, 0, {}});
  // Calls are told apart there as well.
  if (session.plan("bash").background == Background::kill) return;
  REQUIRE(session.bash("sleep 600 >/dev/null 2>&1 & echo $! > p").background == 1);
  CHECK(session.bash("(setsid sleep 600 &); sleep 600", 500).verdict.outcome == Outcome::timed_out);
  CHECK(text_of(session.bash("cat /proc/$(cat p)/environ 2>&1")).contains("Permission denied"));
  // It, the first process, this shell and the two of its line; and maybe the box that waits.
  const std::string seen = text_of(session.bash("kill -0 $(cat p) && ls -d /proc/[0-9]* | wc -l"));
  CHECK((seen == "5" || seen == "6"));
}

TEST_CASE("a state that never ends is given up") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  REQUIRE(session.store().save_shell_state("while :; do :; done\n"));
  const RunReport report = session.bash("echo went on", 20'000);
  CHECK(text_of(report) ==
        "[the state of the shell could not be restored; it starts afresh]\nwent on");
}

TEST_CASE("a carried folder that is gone is told") {
  TestSession session;
  session.bash("mkdir d; cd d; rmdir ../d");
  CHECK(text_of(session.bash("pwd")) ==
        "[the working directory no longer exists; continuing in /workspace]\n/workspace");
}

}  // namespace glovebox::box::test
