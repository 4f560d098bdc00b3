#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>

#include "box/cgroup.h"
#include "os/identity.h"
#include "support.h"

namespace glovebox::box::test {

namespace {

// A group of this test, removed at its end.
class TestGroup {
 public:
  TestGroup() : parent_(find_own_groups()) {
    auto made = make_group(parent_, std::format("glovebox-test-{}", ::getpid()));
    if (made) places_ = *made;
  }
  ~TestGroup() { (void)remove_group(places_); }
  const GroupPlaces& places() const { return places_; }
  const GroupPlaces& parent() const { return parent_; }

 private:
  GroupPlaces parent_;
  GroupPlaces places_;
};

}  // namespace

TEST_CASE("without a group there is nothing to join or to limit") {
  auto made = make_group({}, "x");
  REQUIRE(made);
  CHECK(*made == GroupPlaces{});
  auto group = Group::open(*made);
  REQUIRE(group);
  CHECK(group->join());
  CHECK(group->set_limits({1, 1}));
  CHECK(group->memory_kills().value() == 0);
  CHECK(remove_group(*made));
}

TEST_CASE("a session in a group has a wall round its memory") {
  TestGroup group;
  if (group.places().mode == CgroupMode::none) SKIP("no group can be made here");
  {
    TestSession session(group.places());
    CHECK(session.plan("bash").limits.memory_by == Enforced::walled);
    CHECK(text_of(session.bash("echo in a group")) == "in a group");
    BoxPlan plan = session.plan("bash");
    plan.limits.memory = 64 * kMiB;
    const RunReport report =
        session.bash_with(plan, "x=$(head -c 400000000 /dev/zero | tr '\\0' a); sleep 5");
    CHECK(report.verdict.outcome == Outcome::memory_limit);
    CHECK(text_of(report).ends_with("bash: stopped by the memory limit (64 MiB)"));
    plan = session.plan("bash");
    plan.limits.processes = 20;
    CHECK(text_of(session.bash_with(plan, "for i in $(seq 60); do sleep 9 & done 2>&1", 4000))
              .contains("fork"));
    CHECK(text_of(session.bash("echo alive")) == "alive");
  }
  CHECK(remove_group(group.places()));
  CHECK_FALSE(Group::open(group.places()));
}

TEST_CASE("what earlier calls left and the call that runs have room beside each other") {
  TestGroup group;
  if (group.places().mode == CgroupMode::none) SKIP("no group can be made here");
  TestSession session(group.places());
  BoxPlan plan = session.plan("bash");
  plan.limits.memory = 96 * kMiB;
  plan.limits.tmp = 32 * kMiB;
  REQUIRE(plan.background == Background::keep);
  const std::string use =
      "/usr/bin/python3 -c 'import time\nx = b\"x\" * (60 << 20)\nopen(\"/tmp/up\", "
      "\"a\").write(\"u\")\n"
      "time.sleep(T)'";
  const auto with_time = [&](const std::string& time) {
    std::string text = use;
    return text.replace(text.find("(T)"), 3, "(" + time + ")");
  };
  CHECK(session
            .bash_with(plan, with_time("600") + " >/dev/null 2>&1 & while [ ! -s /tmp/up ]; do "
                                                "sleep 0.02; done")
            .background == 1);
  for (int i = 0; i < 2; ++i) {
    const RunReport report = session.bash_with(plan, with_time("0.1") + "; echo done");
    CHECK(report.verdict.outcome == Outcome::finished);
    CHECK(text_of(report) == "done");
  }
  CHECK(session.keeper().end().background == 1);
}

TEST_CASE("a plan that counts on a group that the session lacks is refused") {
  TestSession session;
  BoxPlan plan = session.plan("bash");
  plan.cgroups = CgroupMode::v1;
  CHECK(session.bash_with(plan, "true").verdict.outcome == Outcome::setup_failed);
}

TEST_CASE("idle groups of an earlier run are removed") {
  TestGroup group;
  if (group.places().mode == CgroupMode::none) SKIP("no group can be made here");
  REQUIRE(make_group(group.places(), "gb-old"));
  CHECK(remove_idle_groups(group.places(), "gb-") > 0);
  CHECK(remove_idle_groups(group.places(), "gb-") == 0);
}

}  // namespace glovebox::box::test
