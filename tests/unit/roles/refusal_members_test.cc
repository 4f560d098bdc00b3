#include <catch2/catch_test_macros.hpp>
#include <optional>
#include <string>
#include <variant>

#include "../salted_record.h"

#include "audit/record.h"
#include "audit/show.h"
#include "box/plan.h"
#include "box/refusal.h"
#include "codec/json.h"
#include "policy/builtin.h"
#include "roles/boxer_settings.h"
#include "roles/call_decision.h"
#include "roles/call_record.h"

namespace glovebox::roles {
namespace {

constexpr const char* kFilter = "digest of the box's program";

ActivePolicy with_rules() {
  ActivePolicy active{.calendar = *PolicyCalendar::make(policy::Policy(), policy::Day()),
                      .filters = {},
                      .filter_texts = {},
                      .reports = {},
                      .digest = {},
                      .protected_paths = {}};
  active.reports[kFilter] = {{101, "ptrace", "kernel.set:44"}, {165, "mount", "walls.set:12"}};
  return active;
}

box::Refusal ptrace() {
  box::Refusal refusal;
  refusal.ticket = 4;
  refusal.number = 101;
  refusal.arguments = {16, 0xFFFFFFFF'00000001, 0x7fff'1234'5678, 0x7fff'8765'4321};
  refusal.error = 1;
  refusal.pid = 7;
  refusal.process = "gdb";
  refusal.first = refusal.last = WallTime{1'700'000'000'000'000};
  return refusal;
}

std::string json(const box::Refusal& refusal, const std::string& filter = kFilter) {
  return codec::to_json(refusal_members(refusal, with_rules(), filter));
}

class EmptyHost final : public box::HostView {
 public:
  std::optional<box::PathFacts> look(const std::string&) const override { return std::nullopt; }
};

TEST_CASE("a host where filters cannot report refuses a policy that needs it, with the remedy") {
  BoxerSettings settings;
  settings.policy_file = "builtin:default";
  settings.policy_text = std::string(*policy::builtin("default"));
  settings.call_reports = false;
  const auto active = activate_policy(settings, policy::Day());
  REQUIRE(active);
  for (const char* tool : {"bash", "read", "grep"}) {
    const CallDecision decision = decide_call(
        *active, settings, EmptyHost(), {.environment = "local", .agent = "local", .tool = tool});
    const auto* denial = std::get_if<Denial>(&decision);
    REQUIRE(denial != nullptr);
    CHECK(denial->outcome == box::Outcome::setup_failed);
    CHECK(denial->why.contains("reports calls (`notify`), which this host cannot\nhint: "));
  }
  CHECK(!BoxerSettings::from_json(settings.to_json()).value().call_reports);
}

TEST_CASE("one refused call as a record") {
  CHECK(json(ptrace()) ==
        R"({"dec":"deny","call":"ptrace","arg":{"request":"16","pid":"1"},"errno":"EPERM",)"
        R"("rule":"kernel.set:44","pid":7,"comm":"gdb"})");
}

TEST_CASE("what is not known of a refused call is left out") {
  box::Refusal refusal = ptrace();
  refusal.pid = 0;
  refusal.process.clear();
  CHECK(json(refusal, "another") ==
        R"({"dec":"deny","call":"ptrace","arg":{"request":"16","pid":"1"},"errno":"EPERM"})");
  refusal.number = 900;
  CHECK(json(refusal) == R"({"dec":"deny","call":"number 900","errno":"EPERM"})");
  refusal.number = 155;  // pivot_root: nothing but pointers
  CHECK(json(refusal) == R"({"dec":"deny","call":"pivot_root","errno":"EPERM"})");
}

TEST_CASE("a flood as a record") {
  box::Refusal refusal = ptrace();
  refusal.late = true;
  refusal.times = 1000;
  refusal.last.microseconds += 5;
  CHECK(json(refusal).ends_with(
      R"("pid":7,"comm":"gdb","late":true,"n":1000,"t1":1700000000000000,"t2":1700000000000005})"));
  refusal.number = box::kSeveralCalls;
  CHECK(json(refusal).starts_with(R"({"dec":"deny","why":"several calls)"));
  CHECK(!json(refusal).contains("errno"));
}

TEST_CASE("a refused call is shown with long names, and its name cannot steer a terminal") {
  box::Refusal refusal = ptrace();
  refusal.process = "a\x1b[2J b";
  refusal.times = 3;
  const std::string boot = "0123456789abcdef";
  const audit::RecordStamp stamp{
      .wall = WallTime{1'700'000'000'000'000}, .boot_id = boot, .previous = {}};
  const auto line = glovebox::test::salted_record(audit::RecordKind::sys_deny, stamp, "s1", "tu1",
                                                  refusal_members(refusal, with_rules(), kFilter));
  REQUIRE(line);
  const auto shown = audit::show_record(3, *line);
  REQUIRE(shown);
  CHECK(shown->contains("sys.deny session=s1 tool_use=tu1 decision=deny system_call=ptrace"));
  CHECK(shown->contains(" error=EPERM"));
  CHECK(shown->contains(" rule=kernel.set:44"));
  CHECK(shown->contains(" times=3"));
  CHECK(shown->contains(" first=2023-11-14T22:13:20.000000Z"));
  CHECK(!shown->contains('\x1b'));
}

}  // namespace
}  // namespace glovebox::roles
