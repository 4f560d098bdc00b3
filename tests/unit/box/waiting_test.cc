// Boxes that are made before their call is known.
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <filesystem>
#include <format>
#include <fstream>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "box/known_plan.h"
#include "box/plan_wire.h"
#include "codec/digest.h"
#include "os/process.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Shells of boxes that wait and sleep, by their numbers here; of this test's keepers.
std::vector<pid_t> waiting_shells() {
  std::vector<pid_t> found;
  for (const pid_t pid : os::descendants_of(::getpid())) {
    const std::string folder = std::format("/proc/{}/", pid);
    if (!contents(folder + "cmdline").contains("#GB0 waiting")) continue;
    if (contents(folder + "status").contains("State:\tS")) found.push_back(pid);
  }
  return found;
}

template <class Is>
bool becomes(const Is& is) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

bool one_waits() {
  return becomes([] { return waiting_shells().size() == 1; });
}

// What a shell can see of itself and its box, without what no two shells have in common.
constexpr const char* kLooks[] = {
    "env | sort",
    "declare -p | grep -vE '(BASHPID|S?RANDOM|EPOCH|PPID|BASH_ARGV0|COMP_WORDBREAKS|PIPESTATUS)'",
    // Without a child of its own: a shell blocks signals while it makes one.
    R"(while read -r l; do
         [[ $l =~ ^(Umask|[UG]id|Groups|Cap|NoNew|Seccomp|Sig[BIC]|Cpus_a|Thr) ]] && echo "$l"
       done < /proc/self/status)",
    "ulimit -a; umask; nice; pwd; id; hostname; cat /proc/self/oom_score_adj",
    "for f in /proc/$$/fd/*; do echo ${f##*/} $(readlink $f | tr -d 0-9); done",
    "sed -E 's/^[0-9]+ [0-9]+ [0-9:]+//; s/inode[^ ]*//' /proc/self/mountinfo",
    "ls -a / /dev /etc /tmp /workspace; cat /proc/self/cgroup",
    "echo $SECONDS $- $0 $# $! ${BASH_SOURCE[@]} ${FUNCNAME[@]} $LINENO; set -o; shopt; trap -p",
    "alias; declare -F; jobs; dirs; hash; echo ${#PIPESTATUS[@]} $?; times | wc -l",
    "(exit 3); echo $?; false | true; echo ${PIPESTATUS[@]}; cat; read x || echo no input",
    "echo >&2 both; nonsense; echo end",
};

// Run in order, each once; every call by a box that waited, or none.
std::vector<std::string> look(TestSession& session, BoxStart wanted) {
  std::vector<std::string> seen;
  for (const char* command : kLooks) {
    if (wanted == BoxStart::waiting) REQUIRE(one_waits());
    const RunReport report = session.bash(command);
    CHECK(report.start == wanted);
    const std::string text = std::regex_replace(text_of(report), std::regex(session.folder()), "@");
    seen.push_back(std::format("{}\n{}\n{}", command, report.verdict.status, text));
  }
  return seen;
}

}  // namespace

TEST_CASE("a box that waited is like one that was made for its call") {
  const auto mode = GENERATE(Background::kill, Background::keep);
  std::vector<std::string> at_once, waited;
  {
    TestSession session;
    session.set_background(mode);
    at_once = look(session, BoxStart::with_its_call);
  }
  {
    TestSession session({}, Ahead::boxes);
    session.set_background(mode);
    REQUIRE(session.keeper().prepare(KnownPlan::of(session.plan("bash"))));
    waited = look(session, BoxStart::waiting);
  }
  REQUIRE(at_once.size() == waited.size());
  for (std::size_t i = 0; i < waited.size(); ++i) CHECK(waited[i] == at_once[i]);
}

TEST_CASE("nothing of a guest's runs in a box that waits") {
  TestSession session({}, Ahead::boxes);
  session.set_background(GENERATE(Background::kill, Background::keep));
  // A state that a guest forged.
  REQUIRE(session.store().save_shell_state("echo ran >> /workspace/ran\n"));
  REQUIRE(session.keeper().prepare(KnownPlan::of(session.plan("bash"))));
  REQUIRE(one_waits());
  CHECK_FALSE(std::filesystem::exists(session.workspace() + "/ran"));
  const RunReport report = session.bash("cat ran");
  CHECK(report.start == BoxStart::waiting);
  CHECK(text_of(report) == "ran");
  REQUIRE(one_waits());
  CHECK(contents(session.workspace() + "/ran") == "ran\n");
}

TEST_CASE("a file tool waits for all file tools") {
  TestSession session({}, Ahead::boxes);
  REQUIRE(session.keeper().prepare(KnownPlan::of(session.plan("read"))));
  const RunReport wrote =
      session.run(session.plan("write"), R"({"file_path":"f","content":"x\n"})");
  CHECK(wrote.start == BoxStart::waiting);
  CHECK(text_of(session.run(session.plan("read"), R"({"file_path":"f"})")) == "x\n");
  CHECK(text_of(session.run(session.plan("glob"), R"({"pattern":"*"})")).contains("f"));
  const RunReport wrong = session.run(session.plan("read"), "[]");
  CHECK(wrong.is_error);
  CHECK(text_of(wrong) == "read: the input is not a JSON object");
}

TEST_CASE("when the box that waits is of no use the call is made as ever") {
  TestSession session({}, Ahead::boxes);
  session.set_background(GENERATE(Background::kill, Background::keep));
  REQUIRE(session.keeper().prepare(KnownPlan::of(session.plan("bash"))));
  REQUIRE(one_waits());
  const pid_t waits = waiting_shells().front();
  SECTION("it was killed") {
    REQUIRE(::kill(waits, SIGKILL) == 0);
    REQUIRE(becomes([&] { return waiting_shells().empty(); }));
    CHECK(text_of(session.bash("echo fine")) == "fine");
  }
  SECTION("the plan is another") {
    BoxPlan plan = session.plan("bash");
    plan.limits.files = 77;
    const RunReport report = session.bash_with(plan, "ulimit -n");
    CHECK(report.start == BoxStart::with_its_call);
    CHECK(text_of(report) == "77");
    // And the next one waits for what was called last.
    REQUIRE(becomes([&] {
      const std::vector<pid_t> now = waiting_shells();
      return now.size() == 1 && now[0] != waits;
    }));
    const RunReport next = session.bash_with(plan, "ulimit -n");
    CHECK(next.start == BoxStart::waiting);
    CHECK(text_of(next) == "77");
  }
  SECTION("the command is longer than can be told") {
    const RunReport report = session.bash("echo " + std::string(100'000, 'x') + " | wc -c");
    CHECK(report.start == BoxStart::with_its_call);
    CHECK(text_of(report) == "100001");
  }
  SECTION("the shell starts afresh") {
    CHECK(text_of(session.bash("x=1; echo ok")) == "ok");
    CHECK(session.run(session.plan("bash"), R"({"restart":true})").is_error == false);
    CHECK(text_of(session.bash("echo ${x-gone}")) == "gone");
  }
  // However it went, no more than one is left over.
  CHECK(text_of(session.bash("echo alive")) == "alive");
  CHECK(one_waits());
}

TEST_CASE("no box waits when none is wanted") {
  TestSession session;
  CHECK(text_of(session.bash("echo fine")) == "fine");
  CHECK(session.bash("echo again").start == BoxStart::with_its_call);
  CHECK(becomes([] { return waiting_shells().empty(); }));
  REQUIRE(session.keeper().prepare(KnownPlan::of(session.plan("bash"))));
  CHECK_FALSE(session.keeper().receive().value());  // it was asked for what it may not do
}

TEST_CASE("boxes that wait end with their session") {
  {
    TestSession session({}, Ahead::boxes);
    REQUIRE(session.keeper().prepare(KnownPlan::of(session.plan("bash"))));
    REQUIRE(one_waits());
  }
  CHECK(becomes([] { return waiting_shells().empty(); }));
}

TEST_CASE("which plans are served by the same box, and which by one that waits") {
  struct Row {
    const char* name;
    void (*change)(BoxPlan&);
    bool same_walls;
    bool can_wait;
  };
  const Row rows[] = {
      {"nothing", [](BoxPlan&) {}, true, true},
      {"the tool", [](BoxPlan& plan) { plan.tool = "write"; }, true, true},
      {"the rule", [](BoxPlan& plan) { plan.rule = "p:9"; }, true, true},
      {"a limit", [](BoxPlan& plan) { plan.limits.memory = 1; }, false, true},
      {"the filter",
       [](BoxPlan& plan) {
         plan.filter = "12345678";
         plan.filter_digest = codec::sha256(plan.filter).hex();
       },
       false, true},
      {"a variable", [](BoxPlan& plan) { plan.environment = {{"A", "b"}}; }, false, true},
      {"a long one", [](BoxPlan& plan) { plan.environment = {{"A", std::string(40'000, 'b')}}; },
       false, false},
      {"a program", [](BoxPlan& plan) { plan.command = {CommandKind::program, {"a"}}; }, false,
       false},
      {"something hidden",
       [](BoxPlan& plan) {
         plan.mounts.push_back({.kind = MountKind::mask, .at = "/workspace/.env"});
       },
       false, false},
      {"a mount that a call could move",
       [](BoxPlan& plan) {
         plan.mounts.push_back({.kind = MountKind::bind,
                                .at = "/workspace/a/b",
                                .source = "/b",
                                .identity = FileIdentity{1, 2}});
       },
       false, false},
  };
  BoxPlan plain;
  plain.command.kind = CommandKind::function;
  plain.mounts.push_back(
      {.kind = MountKind::workspace, .at = "/workspace", .access = Access::read_write});
  const PlanPtr known = KnownPlan::of(plain);
  KnownPlans plans;
  for (const Row& row : rows) {
    CAPTURE(row.name);
    BoxPlan changed = plain;
    row.change(changed);
    const PlanPtr other = KnownPlan::of(changed);
    CHECK((other->walls() == known->walls()) == row.same_walls);
    CHECK(other->can_wait() == row.can_wait);
    const auto decoded = plans.of(other->bytes());
    REQUIRE(decoded);
    CHECK((*decoded)->bytes() == other->bytes());
    CHECK((*decoded)->walls() == other->walls());
    CHECK(plans.of(other->bytes()).value() == *decoded);  // the same one
  }
  CHECK_FALSE(plans.of("nonsense"));
}

}  // namespace glovebox::box::test
