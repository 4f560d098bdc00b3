#include <linux/sched.h>
#include <sys/syscall.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cerrno>
#include <string>
#include <vector>

#include "box/keeper_wire.h"
#include "box/refusal.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

constexpr const char* kTry = "unshare --user true";
constexpr const char* kNoRight = "Operation not permitted";

}  // namespace

TEST_CASE("what is refused to a guest is told before the end of its call, in both modes") {
  const auto background = GENERATE(Background::kill, Background::keep);
  TestSession session;
  session.set_background(background);
  CHECK(session.refusals().empty());
  session.bash("true");
  CHECK(session.refusals().empty());
  const RunReport report = session.bash(kTry);
  CHECK(text_of(report).contains(kNoRight));
  REQUIRE(session.refusals().size() == 1);
  const Refusal& refusal = session.refusals().front();
  CHECK(refusal.ticket == report.ticket);
  CHECK(refusal.number == SYS_unshare);
  CHECK(refusal.arguments[0] == CLONE_NEWUSER);
  CHECK(refusal.error == EPERM);
  CHECK(refusal.times == 1);
  CHECK_FALSE(refusal.late);
  CHECK(refusal.process == "unshare");
  // As the box numbers its processes, not as the host does.
  CHECK(refusal.pid > 1);
  CHECK(refusal.pid < 100);
}

TEST_CASE("a box that waited tells for the call that it is given to") {
  TestSession session({}, Ahead::boxes);
  REQUIRE(session.bash("true").verdict.outcome == Outcome::finished);
  bool has_waited = false;
  for (int i = 0; i < 20 && !has_waited; ++i) {
    session.refusals().clear();
    const RunReport report = session.bash(kTry);
    has_waited = report.start == BoxStart::waiting;
    REQUIRE(session.refusals().size() == 1);
    CHECK(session.refusals().front().ticket == report.ticket);
    CHECK(session.refusals().front().error == EPERM);
  }
  CHECK(has_waited);
}

TEST_CASE("what a call left running is heard after its answer, and told for that call") {
  TestSession session;
  session.set_background(Background::keep);
  const RunReport report = session.bash(
      "(while ! test -e /tmp/go; do sleep 0.05; done; unshare --user true) >/dev/null 2>&1 &");
  REQUIRE(report.background > 0);
  CHECK(session.refusals().empty());
  const RunReport next = session.bash("touch /tmp/go; wait; true");
  if (session.refusals().empty()) session.wait_for_refusals();
  REQUIRE(session.refusals().size() == 1);
  CHECK(session.refusals().front().ticket == report.ticket);
  CHECK(session.refusals().front().late);
  CHECK(session.refusals().front().number == SYS_unshare);
}

TEST_CASE("a guest holds no listener, and cannot make one") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  const RunReport report = session.bash("ls -l /proc/[0-9]*/fd 2>/dev/null; ls -l /proc/self/fd");
  CHECK(text_of(report).contains("/proc/"));
  CHECK_FALSE(text_of(report).contains("seccomp"));
  CHECK_FALSE(text_of(report).contains("socket:"));
}

TEST_CASE("a flood is folded, and every one of it is counted") {
  TestSession session;
  session.set_background(GENERATE(Background::kill, Background::keep));
  const RunReport report =
      session.bash("for i in {1..300}; do unshare --user true; done 2>/dev/null; true");
  CHECK(report.verdict.outcome == Outcome::finished);
  std::uint64_t counted = 0;
  for (const Refusal& refusal : session.refusals()) {
    CHECK(refusal.ticket == report.ticket);
    counted += refusal.times;
  }
  CHECK(counted == 300);
}

TEST_CASE("a filter without reports needs no listener") {
  TestSession session;
  BoxPlan plan = session.plan("bash");
  plan.layers = plan.layers.without(Layer::seccomp);
  // The keeper's own filter still refuses, but nobody is told.
  const RunReport report = session.bash_with(std::move(plan), kTry);
  CHECK(text_of(report) != "(no output)");
  CHECK(session.refusals().empty());
}

}  // namespace glovebox::box::test
