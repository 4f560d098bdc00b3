// Calls that share a session: what lives on between them, what does not, and who can reach whom.
#include <sys/types.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "os/file.h"
#include "os/process.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

// A marked process, as the host sees it.
int processes_with(const std::string& mark) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.contains(mark)) ++found;
  }
  return found;
}

template <class Is>
bool comes_true(const Is& is, int seconds = 60) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!is()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string mark() {
  static int count = 0;
  return std::format("77{}.{:06}", ++count, ::getpid());
}

std::string say(TestSession& session, const std::string& command, int timeout_ms = 20'000) {
  return text_of(session.bash(command, timeout_ms));
}

}  // namespace

TEST_CASE("the default policy keeps what the strict one ends") {
  TestSession session;
  CHECK(session.plan("bash").background == Background::keep);
  CHECK(session.plan("bash", "strict").background == Background::kill);
  for (const char* tool : {"read", "write", "edit", "glob", "grep"})
    CHECK(session.plan(tool).background == Background::kill);
}

TEST_CASE("a later call reaches the server of an earlier one and can stop it") {
  TestSession session;
  const char* server =
      "cat > /tmp/s.py <<'END'\nimport http.server, socketserver\n"
      "class H(http.server.BaseHTTPRequestHandler):\n"
      "  def do_GET(self):\n    self.send_response(200); self.end_headers();"
      " self.wfile.write(b'pong')\n"
      "  def log_message(self, *a): pass\n"
      "socketserver.TCPServer(('127.0.0.1', 3000), H).serve_forever()\nEND\n"
      "/usr/bin/python3 /tmp/s.py & echo $!";
  const RunReport started = session.bash(server);
  INFO(text_of(started) << started.verdict.detail);
  REQUIRE(started.verdict.outcome == Outcome::finished);
  CHECK(started.background == 1);
  const std::string pid = text_of(started);
  CHECK(
      say(session,
          "for i in $(seq 200); do (exec 9<>/dev/tcp/127.0.0.1/3000) 2>/dev/null && break; "
          "sleep 0.05; done; exec 9<>/dev/tcp/127.0.0.1/3000; printf 'GET / HTTP/1.0\\r\\n\\r\\n' "
          ">&9; tail -1 <&9") == "pong");
  CHECK(say(session, "tr '\\0' ' ' < /proc/" + pid + "/cmdline") == "/usr/bin/python3 /tmp/s.py ");
  CHECK(say(session, "kill -0 " + pid + " && echo alive") == "alive");
  CHECK(say(session, "kill " + pid + "; for i in $(seq 200); do kill -0 " + pid +
                         " 2>/dev/null || break; sleep 0.05; done; kill -0 " + pid +
                         " 2>&1 | sed 's/.*- //'") == "No such process");
}

TEST_CASE("calls share scratch folders, terminals and sockets, each has its own mounts") {
  TestSession session;
  CHECK(say(session, "echo one > /tmp/a; echo two > /dev/shm/b; echo three > /var/tmp/c") ==
        "(no output)");
  CHECK(say(session, "cat /tmp/a /dev/shm/b /tmp/c") == "one\ntwo\nthree");
  const std::string abstract =
      "/usr/bin/python3 -c \"import socket; s = socket.socket(socket.AF_UNIX); "
      "s.bind('\\0gb'); s.listen(); open('/tmp/up', 'w'); s.accept()[0].send(b'hello')\" & "
      "while [ ! -e /tmp/up ]; do sleep 0.02; done";
  REQUIRE(session.bash(abstract).verdict.outcome == Outcome::finished);
  CHECK(say(session,
            "/usr/bin/python3 -c \"import socket; s = socket.socket(socket.AF_UNIX); "
            "s.connect('\\0gb'); print(s.recv(9).decode())\"") == "hello");
  const std::string first = say(session, "readlink /proc/self/ns/{user,mnt,uts,cgroup}");
  const std::string second = say(session, "readlink /proc/self/ns/{user,mnt,uts,cgroup}");
  INFO(first << "\n" << second);
  CHECK(first.substr(0, 5) == "user:");
  std::size_t equal = 0;
  for (std::size_t at = 0; at < first.size() && at < second.size();) {
    const auto end = first.find('\n', at);
    if (first.substr(at, end - at) == second.substr(at, end - at)) ++equal;
    if (end == std::string::npos) break;
    at = end + 1;
  }
  // Numbers of namespaces that are gone are given out again.
  CHECK(equal <= 4);
  const std::string shared = "readlink /proc/self/ns/{pid,net,ipc}";
  CHECK(say(session, shared) == say(session, shared));
}

TEST_CASE("what a call left can be neither traced nor read by a later one") {
  TestSession session;
  const std::string pid = say(session, "SECRET=canary sleep 600 >/dev/null 2>&1 & echo $!");
  for (const char* file : {"environ", "maps", "mem", "auxv"}) {
    INFO(file);
    const std::string answer =
        say(session, std::format("cat /proc/{}/{} 2>&1 | tr '\\0' '\\n'", pid, file));
    CHECK(answer.contains("Permission denied"));
    CHECK_FALSE(answer.contains("canary"));
  }
  for (const char* link : {"root", "cwd", "exe", "fd/0"})
    CHECK(say(session,
              std::format("cat /proc/{}/{} 2>&1; ls /proc/{}/{}/ 2>&1", pid, link, pid, link))
              .contains("ermission denied"));
  CHECK(say(session, std::format("/usr/bin/python3 -c 'import ctypes; "
                                 "print(ctypes.CDLL(None).ptrace(0x4206, {}, 0, 0))'",
                                 pid)) == "-1");
  // Nor the session's first process, which says nothing about itself.
  CHECK(say(session, "cat /proc/1/cmdline | tr -d '\\0'; cat /proc/1/environ 2>&1")
            .contains("Permission denied"));
}

TEST_CASE("a background job does not hold the answer, and its late output is kept") {
  TestSession session;
  const auto began = std::chrono::steady_clock::now();
  const RunReport report = session.bash(
      "(for i in 1 2 3; do while [ ! -e go$i ]; do sleep 0.02; done; echo late $i; done) & echo "
      "now");
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
  CHECK(text_of(report) == "now");
  CHECK(report.background >= 1);
  CHECK(say(session, "touch go1; sleep 0.3; echo mine") == "mine");
  CHECK(say(session,
            "touch go2 go3; for i in $(seq 100); do grep -q 'late 3' /outputs/*.late.txt "
            "2>/dev/null && break; sleep 0.05; done; cat /outputs/*.late.txt") ==
        "late 1\nlate 2\nlate 3");
}

TEST_CASE("a flood of late output neither holds an answer nor grows beyond the limit") {
  TestSession session;
  BoxPlan plan = session.plan("bash");
  plan.limits.output = 300'000;
  const std::string sign = mark();
  const RunReport report = session.bash_with(plan, "yes " + sign + " & echo $!");
  CHECK(report.verdict.outcome == Outcome::finished);
  CHECK(say(session,
            "for i in $(seq 100); do [ $(cat /outputs/*.late.txt 2>/dev/null | wc -c) -ge "
            "300000 ] && break; sleep 0.05; done; sleep 0.2; cat /outputs/*.late.txt | wc -c") ==
        "300000");
  CHECK(processes_with(sign) == 1);  // it is not ended for it
}

TEST_CASE("a timeout ends all that the call started and nothing else, and the state stays") {
  TestSession session;
  const std::string kept = mark();
  const std::string ended = mark();
  REQUIRE(session.bash("x=7; sleep " + kept + " >/dev/null 2>&1 &").background == 1);
  const RunReport report = session.bash("x=8; sleep " + ended + " & (setsid nohup sleep " + ended +
                                            " >/dev/null 2>&1 &); ( (sleep " + ended +
                                            " &) & ); echo before; sleep " + ended,
                                        700);
  CHECK(report.verdict.outcome == Outcome::timed_out);
  CHECK(text_of(report) == "before\nbash: bash command timed out after 700ms");
  CHECK(processes_with(ended) == 0);
  CHECK(comes_true([&] { return processes_with(kept) == 1; }));
  CHECK(say(session, "echo $x") == "7");
}

TEST_CASE("a fork bomb ends with its call, and its neighbours live") {
  TestSession session;
  const std::string kept = mark();
  REQUIRE(
      session.bash("for i in $(seq 10); do sleep " + kept + " >/dev/null 2>&1 & done").background ==
      10);
  BoxPlan plan = session.plan("bash");
  plan.limits.processes = 60;
  const RunReport report =
      session.bash_with(plan, "bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 600", 1'500);
  CHECK(report.verdict.outcome == Outcome::timed_out);
  CHECK(comes_true([&] { return processes_with(kept) == 10; }));
  CHECK(say(session, "ls -d /proc/[0-9]* | wc -l; echo fine").ends_with("fine"));
}

TEST_CASE("kill -9 -1 hits the session's own calls at worst") {
  TestSession session;
  const std::string kept = mark();
  REQUIRE(session.bash("sleep " + kept + " >/dev/null 2>&1 &").background == 1);
  CHECK(session.bash("/bin/sh -c 'kill -9 -1'; echo on").verdict.outcome == Outcome::signalled);
  CHECK(comes_true([&] { return processes_with(kept) == 0; }));
  CHECK(say(session, "for s in KILL TERM STOP; do kill -$s 1; done; echo on") == "on");
  CHECK(say(session, "(sleep 0.01 &); sleep 0.1; ls -d /proc/[0-9]* | wc -l").size() == 1);
}

// Each process makes the next one, in the same memory, and ends, until a file is there: none of
// them lives long enough to be opened after it was listed.
constexpr const char* kChain = R"(#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static char stacks[64][4096] __attribute__((aligned(64)));
static const char *stop;
static time_t latest;
static int link_of(void *number) {
  long n = (long)number;
  if (access(stop, F_OK) != 0 && time(0) < latest)
    while (clone(link_of, stacks[n % 64] + 4096, CLONE_VM | SIGCHLD, (void *)(n + 1)) < 0) {}
  syscall(SYS_exit, 0);
  return 0;
}
int main(int count, char **words) {
  stop = words[1];
  latest = time(0) + 60;
  return link_of(0);
}
)";

TEST_CASE("a chain of processes is left behind, however short each of them lives") {
  TestSession session;
  const RunReport made = session.bash(std::string("cat > chain.c <<'END'\n") + kChain +
                                      "END\n/usr/bin/gcc -O1 -o /tmp/chain chain.c && echo made");
  REQUIRE(text_of(made) == "made");
  for (int i = 0; i < 60; ++i) {
    const std::string stop = std::format("stop-{}", i);
    const RunReport report =
        session.bash("/tmp/chain " + stop + " >/dev/null 2>&1 & disown; echo up");
    CHECK(text_of(report).ends_with("up"));
    CHECK(report.background >= 1);
    std::ofstream(session.workspace() + "/" + stop) << "x";
  }
}

TEST_CASE("what has been left is limited like one call") {
  TestSession session;
  BoxPlan plan = session.plan("bash");
  plan.limits.processes = 20;
  plan.limits.memory = 128 * kMiB;
  plan.limits.cpu = milliseconds(400);
  const std::string mine = mark();
  SECTION("number of processes, of all calls together") {
    const std::string more = mark();
    CHECK(
        session.bash_with(plan, "for i in $(seq 12); do sleep " + mine + " >/dev/null 2>&1 & done")
            .background == 12);
    CHECK(
        session.bash_with(plan, "for i in $(seq 14); do sleep " + more + " >/dev/null 2>&1 & done")
            .background == 14);
    // The one that left most goes.
    CHECK(comes_true([&] { return processes_with(more) == 0; }));
    CHECK(comes_true([&] { return processes_with(mine) == 12; }));
  }
  SECTION("memory") {
    REQUIRE(session
                .bash_with(plan,
                           "/usr/bin/python3 -c 'import sys, time\nx = []\n"
                           "while True: x.append(b\"x\" * (1 << 20)); time.sleep(0.005)' " +
                               mine + " >/dev/null 2>&1 &")
                .background == 1);
    CHECK(comes_true([&] { return processes_with(mine) == 0; }));
  }
  SECTION("processor time, also of a chain of processes that hand over to each other") {
    const char* chain =
        "/usr/bin/python3 -c 'import os, sys, time\n"
        "while True:\n"
        "  end = time.process_time() + 0.03\n"
        "  while time.process_time() < end: pass\n"
        "  if os.fork(): os._exit(0)' ";
    REQUIRE(session.bash_with(plan, chain + mine + " >/dev/null 2>&1 &").background == 1);
    CHECK(comes_true([&] { return processes_with(mine) == 0; }));
  }
  SECTION("disk, also while another call is looked at") {
    plan.limits.disk = 16 * kMiB;
    REQUIRE(session
                .bash_with(plan,
                           "(while :; do head -c 3M /dev/zero > fill$RANDOM; sleep 0.02; "
                           "done; echo " +
                               mine + ") >/dev/null 2>&1 &")
                .background >= 1);
    session.bash_with(plan, "sleep 600", 3'000);
    CHECK(comes_true(
        [&] { return say(session, "rm -f fill*; set -- /proc/[0-9]*; echo $#") == "2"; }));
  }
  CHECK(say(session, "echo alive") == "alive");
}

TEST_CASE("memory of threads counts when the first one has ended") {
  TestSession session;
  BoxPlan plan = session.plan("bash");
  plan.limits.memory = 128 * kMiB;
  const RunReport report = session.bash_with(
      plan,
      "/usr/bin/python3 -c 'import ctypes, threading, time\n"
      "def grow():\n  x = []\n  while True: x.append(b\"x\" * (1 << 20)); time.sleep(0.004)\n"
      "threading.Thread(target=grow).start()\n"
      "ctypes.CDLL(None).syscall(60, 0)'; sleep 5",
      15'000);
  CHECK(report.verdict.outcome == Outcome::memory_limit);
}

TEST_CASE("nothing is left of a session, and the next one sees nothing of it") {
  const std::string sign = mark();
  {
    TestSession session;
    CHECK(session
              .bash("echo x > /tmp/left; (setsid sleep " + sign + " >/dev/null 2>&1 &); sleep " +
                    sign + " >/dev/null 2>&1 &")
              .background == 2);
    // The last of them may not have become what it is to be yet.
    REQUIRE(comes_true([&] { return processes_with(sign) == 2; }));
    TestSession other;
    CHECK(say(other, "ls -A /tmp; set -- /proc/[0-9]*; echo $#") == "2");
    CHECK(session.keeper().end().background == 2);
    CHECK(processes_with(sign) == 0);
  }
  TestSession next;
  CHECK(say(next, "ls -A /tmp /dev/shm").find("left") == std::string::npos);
}

TEST_CASE("a file tool between two calls does not end what the first one left") {
  TestSession session;
  const std::string sign = mark();
  REQUIRE(session.bash("echo text > f; echo t > /tmp/t; sleep " + sign + " >/dev/null 2>&1 &")
              .background == 1);
  CHECK(text_of(session.run(session.plan("read"), R"({"file_path":"f"})")) == "text\n");
  CHECK(text_of(session.run(session.plan("grep"), R"({"pattern":"text"})")).contains("text"));
  CHECK(text_of(session.run(session.plan("glob"), R"({"pattern":"*"})")).contains("f"));
  CHECK(comes_true([&] { return processes_with(sign) == 1; }));
  CHECK(say(session, "cat /tmp/t") == "t");
}

}  // namespace glovebox::box::test
