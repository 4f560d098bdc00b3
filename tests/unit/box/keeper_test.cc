#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "box/disk_watch.h"
#include "box/keeper_wire.h"
#include "box/running_box.h"
#include "os/file.h"
#include "os/process.h"
#include "support.h"

namespace glovebox::box::test {

TEST_CASE("a shell call runs in a box and answers with its output") {
  TestSession session;
  struct Row {
    const char* name;
    const char* command;
    const char* answer;
  };
  const Row rows[] = {
      {"a builtin", "echo hi", "hi"},
      {"a program", "/bin/echo hi", "hi"},
      {"both streams in order", "echo a; echo b >&2; echo c", "a\nb\nc"},
      {"exit status", "exit 3", "exit 3"},
      {"identity", "id -u; id -g; whoami", "1000\n1000\nagent"},
      {"host name", "cat /proc/sys/kernel/hostname 2>/dev/null; uname -n", "box"},
      {"place", "pwd; echo $HOME", "/workspace\n/workspace"},
      {"umask", "umask", "0077"},
      {"stdin is empty", "cat", "(no output)"},
      {"loopback is up", "exec 9<>/dev/tcp/127.0.0.1/9 || echo refused", nullptr},
      {"descriptors", "echo /proc/self/fd/*", nullptr},
      {"writes", "echo x > f && cat f", "x"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const RunReport report = session.bash(row.command);
    INFO(text_of(report) << report.verdict.detail);
    CHECK(report.verdict.outcome == Outcome::finished);
    if (row.answer != nullptr) CHECK(text_of(report) == row.answer);
  }
}

TEST_CASE("the shell's state is carried from call to call") {
  TestSession session;
  REQUIRE(text_of(session.bash("x=5; export Y=6; cd /tmp; f() { echo f $x; }")) == "(no output)");
  CHECK(text_of(session.bash("echo $x $Y $PWD; f")) == "5 6 /tmp\nf 5");
  CHECK(text_of(session.bash("exit 4")) == "exit 4");
  CHECK(text_of(session.bash("echo $x")) == "5");
  CHECK(text_of(session.run(session.plan("bash"), R"({"restart":true})")) ==
        "bash session restarted");
  CHECK(text_of(session.bash("echo [$x]")) == "[]");
}

TEST_CASE("the file tools work on the workspace") {
  TestSession session;
  const RunReport written =
      session.run(session.plan("write"), R"({"file_path":"a.txt","content":"one\ntwo\n"})");
  INFO(written.verdict.detail << text_of(written));
  REQUIRE_FALSE(written.is_error);
  CHECK(text_of(session.run(session.plan("read"), R"({"file_path":"a.txt"})")) == "one\ntwo\n");
  const RunReport edited = session.run(
      session.plan("edit"), R"({"file_path":"a.txt","old_string":"two","new_string":"three"})");
  CHECK_FALSE(edited.is_error);
  CHECK(text_of(session.bash("cat a.txt")) == "one\nthree");
  CHECK(text_of(session.run(session.plan("glob"), R"({"pattern":"*.txt"})")).contains("a.txt"));
  CHECK(text_of(session.run(session.plan("grep"), R"({"pattern":"thr"})")).contains("three"));
  const RunReport outside = session.run(session.plan("read"), R"({"file_path":"/etc/passwd"})");
  CHECK(outside.is_error);
}

TEST_CASE("limits end a call and the next one works") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  SECTION("wall clock, with what was printed so far") {
    const RunReport report = session.bash("echo before; sleep 30", 300);
    CHECK(report.verdict.outcome == Outcome::timed_out);
    CHECK(text_of(report) == "before\nbash: bash command timed out after 300ms");
  }
  SECTION("memory, watched") {
    BoxPlan plan = session.plan("bash");
    plan.limits.memory = 64 * kMiB;
    const RunReport report =
        session.bash_with(plan, "x=$(head -c 400000000 /dev/zero | tr '\\0' a); sleep 5");
    CHECK(report.verdict.outcome == Outcome::memory_limit);
    CHECK(text_of(report).ends_with("bash: stopped by the memory limit (64 MiB)"));
  }
  SECTION("cpu") {
    BoxPlan plan = session.plan("bash");
    plan.limits.cpu = milliseconds(300);
    const RunReport report = session.bash_with(plan, "(while :; do :; done) & while :; do :; done");
    CHECK(report.verdict.outcome == Outcome::cpu_limit);
  }
  SECTION("disk") {
    BoxPlan plan = session.plan("bash");
    plan.limits.disk = 8 * kMiB;
    const RunReport report = session.bash_with(
        plan, "for i in 1 2 3 4 5; do head -c 4000000 /dev/zero > f$i; done; sleep 5");
    CHECK(report.verdict.outcome == Outcome::disk_limit);
  }
  SECTION("processes") {
    BoxPlan plan = session.plan("bash");
    plan.limits.processes = 20;
    const RunReport report =
        session.bash_with(plan, "for i in $(seq 60); do sleep 9 & done 2>&1; echo end", 4000);
    CHECK(text_of(report).contains("fork"));
  }
  CHECK(text_of(session.bash("echo alive")) == "alive");
}

namespace {

// The reports of a call in the order in which they came: its answer, if it was told early, its end.
std::vector<KeeperEvent> reports_of(TestSession& session, const std::string& command,
                                    int timeout_ms = 20'000) {
  RunRequest request;
  request.ticket = session.next_ticket();
  request.plan = KnownPlan::of(session.plan("bash"));
  request.input = bash_json(command, timeout_ms);
  REQUIRE(session.keeper().run(request));
  std::vector<KeeperEvent> reports;
  while (reports.empty() || reports.back().kind != KeeperEvent::Kind::done) {
    auto event = session.keeper().receive();
    REQUIRE(event);
    REQUIRE(event->has_value());
    if ((*event)->kind != KeeperEvent::Kind::started) reports.push_back(std::move(**event));
  }
  return reports;
}

}  // namespace

TEST_CASE("an answer is told early, and a status that a guest tells decides nothing") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  // On a busy machine the shell may be gone before its keeper looks: then there is no early answer.
  constexpr int kTries = 50;
  auto plain = reports_of(session, "echo hi; exit 3");
  for (int i = 0; i < kTries && plain.size() == 1; ++i)
    plain = reports_of(session, "echo hi; exit 3");
  REQUIRE(plain.size() == 2);
  CHECK(plain[0].kind == KeeperEvent::Kind::answered);
  CHECK(plain[0].report.verdict == plain[1].report.verdict);
  CHECK(plain[0].report.content == plain[1].report.content);

  const struct {
    const char* name;
    const char* after;  // the guest told 0
    Verdict verdict;
    const char* text;
  } rows[] = {
      {"it goes on and ends otherwise",
       "sleep 0.3; echo later; exit 3",
       {Outcome::finished, 3, {}},
       "first\nlater\nexit 3"},
      {"it goes on without end",
       "sleep 60",
       {Outcome::timed_out, 0, {}},
       "first\nbash: bash command timed out after 900ms"},
      {"it is killed",
       "kill -9 $$",
       {Outcome::signalled, 9, {}},
       "first\nbash: bash session terminated"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto told =
        reports_of(session, std::string("echo first; echo 0 >&43; ") + row.after, 900);
    REQUIRE(!told.empty());
    CHECK(told.back().report.verdict == row.verdict);
    CHECK(text_of(told.back().report) == row.text);
  }
  CHECK(text_of(session.bash("echo alive")) == "alive");
}

TEST_CASE("a long answer is cut and kept whole") {
  TestSession session;
  const RunReport report = session.bash("seq 60000");
  CHECK(report.output_file == "1.txt");
  CHECK(text_of(report).starts_with("[output truncated: 348894 bytes, first "));
  CHECK(text_of(session.bash("wc -c < /outputs/1.txt")) == "348894");
  CHECK(text_of(session.bash("echo x > /outputs/1.txt")).contains("Read-only"));
}

TEST_CASE("a call can be called off") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  RunRequest request;
  request.ticket = session.next_ticket();
  request.plan = KnownPlan::of(session.plan("bash"));
  request.input = bash_json("sleep 60", 60'000);
  REQUIRE(session.keeper().run(request));
  auto started = session.keeper().receive();
  REQUIRE(started);
  REQUIRE((*started)->kind == KeeperEvent::Kind::started);
  REQUIRE(session.keeper().stop(request.ticket, StopReason::shutting_down));
  const RunReport report = session.wait(request.ticket);
  CHECK(report.verdict.outcome == Outcome::shutting_down);
  CHECK(text_of(report) == "bash: stopped because the worker is shutting down");
}

namespace {

// How many processes of the host run `sleep MARKED`.
int processes_with(const std::string& marked) {
  const std::string wanted = std::string("sleep") + '\0' + marked + '\0';
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    if (std::string(std::istreambuf_iterator<char>(file), {}) == wanted) ++found;
  }
  return found;
}

template <class Count>
bool becomes(int wanted, const Count& count) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (count() != wanted) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("what a call leaves running ends with it in kill mode") {
  TestSession session;
  session.set_background(Background::kill);
  CHECK(text_of(session.bash("(setsid nohup sleep 1000 >/dev/null 2>&1 &) ; echo ok")) == "ok");
  // Seen from outside: a call sees only its own processes anyway.
  const std::string marked = std::format("1000.{}", ::getpid());
  const std::string hidden = std::format("(setsid nohup sleep {} >/dev/null 2>&1 &)", marked);
  RunRequest request;
  request.ticket = session.next_ticket();
  request.plan = KnownPlan::of(session.plan("bash"));
  request.input = bash_json(hidden + "; while [ ! -e go ]; do sleep 0.02; done", 20'000);
  REQUIRE(session.keeper().run(request));
  REQUIRE(becomes(1, [&] { return processes_with(marked); }));
  std::ofstream(session.workspace() + "/go").put('\n');
  CHECK(session.wait(request.ticket).verdict.outcome == Outcome::finished);
  CHECK(becomes(0, [&] { return processes_with(marked); }));
}

TEST_CASE("a box that answered before its process was known is ended as soon as it is") {
  TestSession session;
  const SessionPlaces places{session.workspace(), session.folder() + "/sessions/s/outputs"};
  SessionStore store = session.store();
  SessionGuard guard(places, store.fd());
  SessionCommons commons{places,          std::move(store), {}, {}, DiskWatch(session.workspace()),
                         std::move(guard)};
  WaitingBoxes none(commons);
  RunningBox box(commons,
                 {1, KnownPlan::of(session.plan("read")), R"({"file_path":"absent"})", {}});
  box.start(none);
  // Nothing of what the session's first process tells is heard meanwhile.
  while (!box.is_done()) {
    std::vector<os::Poll> polls;
    box.add_polls(polls);
    REQUIRE(os::poll_fds(polls, milliseconds(10'000)).value());
    box.after_poll(polls.data());
  }
  // Stands for a process that a hostile file took over: it does not end by itself.
  auto hostile = os::fork_into(0, [] { return ::pause(); });
  REQUIRE(hostile);
  box.made(os::duplicate(hostile->pidfd()).value());
  std::vector<os::Poll> end = {{.fd = hostile->pidfd()}};
  REQUIRE(os::poll_fds(end, milliseconds(5'000)).value());
  const auto exit = hostile->reap(os::Process::Wait::yes).value();
  REQUIRE(exit);
  CHECK(exit->signalled);
  CHECK(exit->code == SIGKILL);
  CHECK(os::set_dumpable());  // as this process was before it made a session
}

TEST_CASE("boxes die with their keeper") {
  const Background mode = GENERATE(Background::kill, Background::keep);
  auto pipe = os::make_pipe();
  auto null = os::open_path("/dev/null", O_RDWR);
  REQUIRE(pipe);
  REQUIRE(null);
  {
    TestSession session;
    session.set_background(mode);
    RunRequest request;
    request.ticket = session.next_ticket();
    request.plan =
        KnownPlan::of(session.program({"sh", "-c", "echo up; (setsid sleep 600 &); sleep 600"}));
    request.stdio = {null->get(), pipe->writer.get(), pipe->writer.get()};
    REQUIRE(session.keeper().run(request));
    pipe->writer.reset();
    char up[3];
    REQUIRE(os::read_some(pipe->reader.get(), up, sizeof up).value() == sizeof up);
  }
  // The end of the pipe is the end of every process that could write to it.
  std::vector<os::Poll> polls = {{.fd = pipe->reader.get()}};
  REQUIRE(os::poll_fds(polls, milliseconds(5000)).value());
  CHECK(polls.front().hung_up);
}

TEST_CASE("a program is run as it is") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  std::string output;
  RunReport report = session.run_program(session.program({"echo", "a b", "c"}), output);
  CHECK(report.verdict == Verdict{Outcome::finished, 0, {}});
  CHECK(output == "a b c\n");
  report = session.run_program(session.program({"sh", "-c", "kill -9 $$"}), output);
  CHECK(report.verdict == Verdict{Outcome::signalled, 9, {}});
  report = session.run_program(session.program({"no-such-program"}), output);
  CHECK(report.verdict == Verdict{Outcome::finished, 127, {}});
}

TEST_CASE("a box that cannot be made is told by its step") {
  TestSession session;
  BoxPlan plan = session.plan("bash");
  SECTION("a source that is gone") {
    MountEntry entry;
    entry.kind = MountKind::bind;
    entry.at = "/data";
    entry.source = "/no/such/folder";
    plan.mounts.push_back(entry);
    const RunReport report = session.bash_with(plan, "true");
    CHECK(report.verdict ==
          Verdict{Outcome::setup_failed, 0, "open /no/such/folder for /data: ENOENT"});
    CHECK(text_of(report) ==
          "bash: the sandbox could not be made: open /no/such/folder for /data: ENOENT");
  }
  SECTION("a source that was swapped") {
    for (MountEntry& entry : plan.mounts) {
      if (entry.at == "/usr") entry.identity = FileIdentity{1, 1};
    }
    CHECK(session.bash_with(plan, "true").verdict.outcome == Outcome::setup_failed);
  }
  SECTION("no filter") {
    plan.filter.clear();
    plan.filter_digest.clear();
    CHECK(session.bash_with(plan, "true").verdict.detail.starts_with("seccomp"));
  }
}

}  // namespace glovebox::box::test
