#include "audit/reconcile.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <string>
#include <vector>

#include "../salted_record.h"

#include "audit/record.h"
#include "audit/session_chains.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

constexpr std::int64_t kZero = 1'795'534'951'000'000;
constexpr WallTime at(std::int64_t seconds) {
  return {kZero + seconds * 1'000'000};
}

// A session as both sides have it. Seconds count from the start.
struct World {
  void record(std::int64_t second, RecordKind kind, const std::string& call = "",
              codec::JsonObject members = {}, const std::string& session = "sesn_1") {
    const RecordStamp stamp{
        .wall = at(second), .since_boot = seconds(second), .boot_id = "b1", .previous = {}};
    records.push_back(
        glovebox::test::salted_record(kind, stamp, session, call, std::move(members)).value());
  }
  void open(std::int64_t second, const std::string& work) {
    codec::JsonObject members;
    members.set("work", work);
    record(second, RecordKind::session_open, "", std::move(members));
  }
  void close(std::int64_t second) { record(second, RecordKind::session_close); }
  void intent(std::int64_t second, const std::string& call) {
    codec::JsonObject members;
    members.set("tool", "bash");
    record(second, RecordKind::tool_intent, call, std::move(members));
  }
  void result(std::int64_t second, const std::string& call) {
    record(second, RecordKind::tool_result, call);
  }
  ReportedCall& reported(std::int64_t second, const std::string& call) {
    ReportedCall made;
    made.id = call;
    made.name = "bash";
    made.asked = true;
    made.result = ReportedResult{.at = at(second)};
    events.calls.push_back(std::move(made));
    return events.calls.back();
  }
  void asked(const std::string& call) { reported(0, call).result.reset(); }
  ReconcileReport run() const {
    LocalCalls local("sesn_1");
    for (std::size_t i = 0; i < records.size(); ++i) local.take(i, records[i]).value();
    return reconcile({.events = events,
                      .local = local,
                      .works = works,
                      .elsewhere = elsewhere,
                      .custom_tools = custom_tools});
  }

  std::vector<std::string> records;
  SessionEvents events;
  std::optional<std::vector<WorkSpan>> works =
      std::vector{WorkSpan{.id = "work_1", .from = at(0), .until = at(1000)}};
  std::set<std::string> elsewhere, custom_tools;
};

// One call that both sides know.
World honest() {
  World world;
  world.open(0, "work_1");
  world.intent(10, "t1");
  world.result(11, "t1");
  world.reported(12, "t1");
  return world;
}

}  // namespace

TEST_CASE("what a call comes to") {
  const struct {
    const char* name;
    std::function<void(World&)> change;
    CallOutcome outcome;
    Verdict verdict;
    const char* why;
  } rows[] = {
      {"reported by this worker, and not in the log", [](World& w) { w.reported(20, "t2"); },
       CallOutcome::reported_not_logged, Verdict::changed, "while this worker held the session"},
      {"reported as an error, and not in the log",
       [](World& w) { w.reported(20, "t2").result->is_error = true; },
       CallOutcome::reported_not_logged, Verdict::changed, "an error result"},
      {"reported, and the log ends behind its intent",
       [](World& w) {
         w.intent(19, "t2");
         w.reported(20, "t2");
       },
       CallOutcome::reported_not_logged, Verdict::changed, "begun here, without an end"},
      {"denied, and a result reported that is no error",
       [](World& w) {
         w.record(20, RecordKind::tool_deny, "t2");
         w.reported(21, "t2");
       },
       CallOutcome::reported_not_logged, Verdict::changed, "denied here"},
      {"given up, and a result reported that is no error",
       [](World& w) {
         w.intent(20, "t2");
         w.record(30, RecordKind::tool_orphan, "t2");
         w.reported(31, "t2");
       },
       CallOutcome::reported_not_logged, Verdict::changed, "given up here"},
      {"given up, and run again by a worker that was named",
       [](World& w) {
         w.intent(20, "t2");
         w.record(30, RecordKind::tool_orphan, "t2");
         w.close(100);
         w.elsewhere = {"work_1"};
         w.reported(401, "t2");
       },
       CallOutcome::elsewhere, Verdict::good, ""},
      {"reported without the call", [](World& w) { w.reported(20, "t2").asked = false; },
       CallOutcome::reported_not_logged, Verdict::changed, "while this worker held"},
      {"the whole stretch is cut, with its session.open",
       [](World& w) {
         w.works->push_back({.id = "work_2", .from = at(2000), .until = at(3000)});
         w.reported(2500, "t2");
       },
       CallOutcome::unattributed, Verdict::incomplete, "or the log was cut"},
      {"held by a worker that was named",
       [](World& w) {
         w.works->push_back({.id = "work_2", .from = at(2000), .until = at(3000)});
         w.elsewhere = {"work_2"};
         w.reported(2500, "t2");
       },
       CallOutcome::elsewhere, Verdict::good, ""},
      {"named, but held here by what the log says",
       [](World& w) {
         w.elsewhere = {"work_1"};
         w.reported(20, "t2");
       },
       CallOutcome::reported_not_logged, Verdict::changed, "while this worker held"},
      {"one item of two that could be it is not named",
       [](World& w) {
         w.works->push_back({.id = "work_2", .from = at(2000), .until = at(3000)});
         w.works->push_back({.id = "work_3", .from = at(2000), .until = {}});
         w.elsewhere = {"work_2"};
         w.reported(2500, "t2");
       },
       CallOutcome::unattributed, Verdict::incomplete, "or the log was cut"},
      {"the item went to another worker after it was left here",
       [](World& w) {
         w.close(100);
         w.reported(401, "t2");
       },
       CallOutcome::unattributed, Verdict::incomplete, "another worker held it"},
      {"the same, named",
       [](World& w) {
         w.close(100);
         w.elsewhere = {"work_1"};
         w.reported(401, "t2");
       },
       CallOutcome::elsewhere, Verdict::good, ""},
      {"shortly after it was left here: the clocks differ",
       [](World& w) {
         w.close(100);
         w.elsewhere = {"work_1"};
         w.reported(399, "t2");
       },
       CallOutcome::reported_not_logged, Verdict::changed, "while this worker held"},
      {"at a time when nobody held the session", [](World& w) { w.reported(1500, "t2"); },
       CallOutcome::unattributed, Verdict::incomplete, "no work item was held then"},
      {"without a time", [](World& w) { w.reported(20, "t2").result->at.reset(); },
       CallOutcome::unattributed, Verdict::incomplete, "no time"},
      {"without the list of items, while it was held here",
       [](World& w) {
         w.works.reset();
         w.reported(20, "t2");
       },
       CallOutcome::reported_not_logged, Verdict::changed, "while this worker held"},
      {"without the list of items, after it was left here",
       [](World& w) {
         w.works.reset();
         w.close(100);
         w.reported(401, "t2");
       },
       CallOutcome::unattributed, Verdict::incomplete, "the list of work items tells more"},
      {"without the list of items, before it came here",
       [](World& w) {
         w.works.reset();
         w.reported(-301, "t2");
       },
       CallOutcome::unattributed, Verdict::incomplete, "the list of work items tells more"},
      {"only the log knows the call",
       [](World& w) {
         w.intent(20, "t2");
         w.result(21, "t2");
       },
       CallOutcome::not_in_session, Verdict::incomplete, "do not have this call"},
      {"executed, not reported",
       [](World& w) {
         w.intent(20, "t2");
         w.result(21, "t2");
         w.asked("t2");
       },
       CallOutcome::not_reported, Verdict::good, ""},
      {"denied, not reported",
       [](World& w) {
         w.record(20, RecordKind::tool_deny, "t2");
         w.asked("t2");
       },
       CallOutcome::not_reported, Verdict::good, ""},
      {"denied and reported",
       [](World& w) {
         w.record(20, RecordKind::tool_deny, "t2");
         w.reported(21, "t2").result->is_error = true;
       },
       CallOutcome::matched, Verdict::good, ""},
      {"given up, and said so",
       [](World& w) {
         w.intent(20, "t2");
         w.record(30, RecordKind::tool_orphan, "t2");
         w.reported(31, "t2").result->is_error = true;
       },
       CallOutcome::orphan, Verdict::good, ""},
      {"begun, without an end",
       [](World& w) {
         w.intent(20, "t2");
         w.asked("t2");
       },
       CallOutcome::orphan, Verdict::good, "without an end"},
      {"not begun by anybody", [](World& w) { w.asked("t2"); }, CallOutcome::unanswered,
       Verdict::good, ""},
      {"a custom tool that another client serves",
       [](World& w) { w.reported(20, "t2").kind = CallKind::custom; }, CallOutcome::foreign,
       Verdict::good, ""},
      {"a custom tool that is served here",
       [](World& w) {
         w.reported(20, "t2").kind = CallKind::custom;
         w.custom_tools = {"bash"};
       },
       CallOutcome::reported_not_logged, Verdict::changed, "while this worker held"},
      {"an id that stands in records as its hash",
       [](World& w) {
         w.intent(20, "t 2");
         w.result(21, "t 2");
         w.reported(22, "t 2");
       },
       CallOutcome::matched, Verdict::good, ""},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      World world = honest();
      row.change(world);
      const ReconcileReport report = world.run();
      REQUIRE(report.calls.size() == 2);
      CHECK(report.calls[0].outcome == CallOutcome::matched);
      CHECK(to_string(report.calls[1].outcome) == to_string(row.outcome));
      CHECK(report.verdict() == row.verdict);
      CHECK(report.calls[1].why.contains(row.why));
      CHECK(report.count(row.outcome) == (row.outcome == CallOutcome::matched ? 2 : 1));
    }
  }
}

TEST_CASE("a log that is cut at any record is not good, once a call was reported") {
  World world = honest();
  world.intent(20, "t2");
  world.result(21, "t2");
  world.reported(22, "t2");
  REQUIRE(world.run().verdict() == Verdict::good);
  const std::vector<std::string> all = world.records;
  for (std::size_t size = 0; size < all.size(); ++size) {
    CAPTURE(size);
    world.records.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size));
    // Without `session.open` nobody can say whose it was; with it, it was this worker's.
    CHECK(world.run().verdict() == (size == 0 ? Verdict::incomplete : Verdict::changed));
  }
}

TEST_CASE("records of other sessions are no evidence") {
  World world = honest();
  world.reported(20, "t2");
  world.record(19, RecordKind::tool_intent, "t2", {}, "sesn_2");
  world.record(20, RecordKind::tool_result, "t2", {}, "sesn_2");
  CHECK(world.run().verdict() == Verdict::changed);
  LocalCalls local("sesn_1");
  CHECK(local.take(7, "{}").error().message().starts_with("record 7: "));
}

TEST_CASE("events that are not all leave a doubt") {
  World world = honest();
  world.events.complete = false;
  CHECK(world.run().verdict() == Verdict::incomplete);
  CHECK(world.run().summary().contains("the events are not all"));
}

TEST_CASE("a report as text and as JSON") {
  World world = honest();
  CHECK(world.run().summary() == "good: session sesn_1, 1 call, 1 matched");
  world.reported(20, "t2").name = "b\x1b[31m";
  CHECK(world.run().summary() ==
        "NOT LOGGED: session sesn_1, 2 calls, 1 matched, 1 reported_not_logged\n"
        "t2 b<x1b>[31m: reported_not_logged: reported while this worker held the session, and the "
        "log has no result (work item work_1)");
  world.events.calls.back().name = "bash";
  CHECK(
      codec::to_json(world.run().to_json()) ==
      R"({"verdict":"changed","session":"sesn_1","complete":true,"counts":{"matched":1,)"
      R"("not_reported":0,"orphan":0,"elsewhere":0,"foreign":0,"unanswered":0,)"
      R"("unattributed":0,"not_in_session":0,"reported_not_logged":1},"calls":[)"
      R"({"call":"t1","tool":"bash","outcome":"matched","why":null,"record":1,)"
      R"("reported":")" +
          to_rfc3339(at(12)) +
          R"(","work":null},)"
          R"({"call":"t2","tool":"bash","outcome":"reported_not_logged","why":"reported while this )"
          R"(worker held the session, and the log has no result","record":null,)"
          R"("reported":")" +
          to_rfc3339(at(20)) + R"(","work":"work_1"}]})");
  for (int i = 0; i < 30; ++i) world.reported(30, "more_" + std::to_string(i));
  const std::string many = world.run().summary();
  CHECK(many.ends_with("\n..."));
  CHECK(std::ranges::count(many, '\n') == 21);
}
