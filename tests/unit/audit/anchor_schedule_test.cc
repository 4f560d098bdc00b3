#include "audit/anchor_schedule.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "audit/anchor_record.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

AnchorRule rule(AnchorNeed need = AnchorNeed::required) {
  return {.name = "siem",
          .every = seconds(10),
          .on = {RecordKind::session_close, RecordKind::stop},
          .need = need,
          .max_age = seconds(60)};
}

constexpr RecordKind kAny = RecordKind::tool_intent;

}  // namespace

TEST_CASE("a rule that cannot be kept is refused") {
  const auto changed = [](auto change) {
    AnchorRule bad = rule();
    change(bad);
    return check_rule(bad);
  };
  CHECK(check_rule(rule()));
  CHECK(changed([](AnchorRule& r) { r.every = milliseconds(999); })
            .error()
            .message()
            .contains("`every`"));
  CHECK(changed([](AnchorRule& r) { r.every = seconds(-1); }).error().kind() == ErrorKind::invalid);
  CHECK(changed([](AnchorRule& r) { r.max_age = seconds(9); })
            .error()
            .message()
            .contains("`max_age`"));
  CHECK(changed([](AnchorRule& r) { r.on.insert(RecordKind::anchor); })
            .error()
            .message()
            .contains("`on`"));
}

TEST_CASE("an anchor that does not answer drains, and never before its time") {
  for (const AnchorNeed need : {AnchorNeed::required, AnchorNeed::wanted}) {
    AnchorSchedule schedule(rule(need), 0, seconds(100));
    CHECK(schedule.state(seconds(1000)) == AnchorState::fresh);  // nothing to anchor
    schedule.recorded(kAny, 5, seconds(100));
    CHECK(schedule.state(seconds(160)) == AnchorState::fresh);
    const AnchorState late = need == AnchorNeed::required ? AnchorState::drain : AnchorState::late;
    CHECK(schedule.state(seconds(161)) == late);
    // Attempts alone are worth nothing.
    schedule.sent(5, seconds(161));
    CHECK(schedule.state(seconds(162)) == late);
    schedule.failed(seconds(163));
    CHECK(schedule.state(seconds(164)) == late);
    schedule.acknowledged(4, seconds(165));  // not all of it
    CHECK(schedule.state(seconds(166)) == late);
    schedule.acknowledged(5, seconds(167));
    CHECK(schedule.state(seconds(168)) == AnchorState::fresh);
    CHECK(schedule.age(seconds(9999)) == Duration::zero());
  }
}

TEST_CASE("what came while an attempt was under way is as old as the attempt") {
  AnchorSchedule schedule(rule(), 0, seconds(0));
  schedule.recorded(kAny, 5, seconds(0));
  schedule.sent(5, seconds(50));
  schedule.recorded(kAny, 6, seconds(55));
  schedule.acknowledged(5, seconds(59));
  CHECK(schedule.age(seconds(60)) == seconds(10));
  CHECK(schedule.state(seconds(110)) == AnchorState::fresh);
  CHECK(schedule.state(seconds(111)) == AnchorState::drain);
  // The answer to an older attempt does not make what is there younger.
  schedule.recorded(kAny, 9, seconds(111));
  schedule.sent(9, seconds(111));
  schedule.acknowledged(6, seconds(112));
  CHECK(schedule.age(seconds(112)) == seconds(62));
}

TEST_CASE("when an anchor is due") {
  AnchorSchedule schedule(rule(), 3, seconds(0));
  CHECK_FALSE(schedule.due(3, seconds(99)));
  CHECK_FALSE(schedule.next(seconds(99)));
  schedule.recorded(kAny, 4, seconds(1));
  CHECK_FALSE(schedule.due(3, seconds(1)));  // no checkpoint over it yet
  CHECK(schedule.due(4, seconds(1)));        // the first at once
  CHECK(schedule.next(seconds(1)) == seconds(1));
  schedule.sent(4, seconds(1));
  CHECK_FALSE(schedule.due(4, seconds(2)));
  schedule.acknowledged(4, seconds(2));
  CHECK_FALSE(schedule.due(4, seconds(99)));
  schedule.recorded(kAny, 5, seconds(3));
  CHECK_FALSE(schedule.due(5, seconds(10)));
  CHECK(schedule.next(seconds(10)) == seconds(11));
  CHECK(schedule.due(5, seconds(11)));
  // Wanted at once.
  CHECK_FALSE(schedule.due(6, seconds(4)));
  schedule.recorded(RecordKind::policy_load, 6, seconds(4));  // not in its rule
  CHECK_FALSE(schedule.due(6, seconds(4)));
  schedule.recorded(RecordKind::session_close, 7, seconds(4));
  CHECK(schedule.due(7, seconds(4)));
  schedule.sent(7, seconds(4));
  schedule.acknowledged(7, seconds(5));
  schedule.recorded(kAny, 8, seconds(5));
  CHECK_FALSE(schedule.due(8, seconds(5)));
}

TEST_CASE("after failures it waits longer, up to a minute") {
  AnchorSchedule schedule(rule(), 0, seconds(0));
  schedule.recorded(RecordKind::stop, 1, seconds(0));
  Duration now = seconds(0);
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    CAPTURE(wait);
    REQUIRE(schedule.due(1, now));
    schedule.sent(1, now);
    schedule.failed(now);
    CHECK_FALSE(schedule.due(1, now + seconds(wait) - milliseconds(1)));
    now += seconds(wait);
  }
  // No answer at all: the next attempt begins when patience is over, and counts as a failure.
  schedule.sent(1, now);
  CHECK_FALSE(schedule.due(1, now + kAnchorPatience - milliseconds(1)));
  CHECK(schedule.due(1, now + kAnchorPatience));
  schedule.sent(1, now + kAnchorPatience);
  schedule.acknowledged(1, now + kAnchorPatience);
  schedule.recorded(kAny, 2, now);
  CHECK(schedule.next(now + kAnchorPatience) == now + kAnchorPatience + seconds(10));
  schedule.failed(now);  // of nothing
  CHECK(schedule.next(now + kAnchorPatience) == now + kAnchorPatience + seconds(10));
}

TEST_CASE("the records of an anchor") {
  const codec::TreeHead held{.size = 9, .root = codec::sha256("root")};
  CHECK(codec::to_json(anchor_acknowledged("siem", "syslog", held, milliseconds(12))) ==
        R"({"to":"siem","how":"syslog","size":9,"root":")" + held.root.hex() + R"(","ms":12})");
  AnchorSchedule schedule(rule(), 0, seconds(0));
  schedule.recorded(kAny, 9, seconds(0));
  CHECK(codec::to_json(anchor_changed(schedule, "syslog", seconds(61))) ==
        R"({"to":"siem","how":"syslog","state":"drain","ms":61000})");
  schedule.acknowledged(9, seconds(62));
  CHECK(codec::to_json(anchor_changed(schedule, "syslog", seconds(62))) ==
        R"({"to":"siem","how":"syslog","state":"fresh","ms":0,"size":9})");
}
