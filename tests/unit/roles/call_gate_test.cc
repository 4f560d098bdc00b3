#include "roles/call_gate.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gate_steps.h"

namespace glovebox::roles {

using namespace test;

namespace {

TEST_CASE("a call takes every step in order and none before its time") {
  CallGate gate = open_gate();
  const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
  CHECK(steps(gate) == "decide 1");
  gate.decided(ticket, Decided::allow);
  CHECK(steps(gate) == "intent 1");
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "run 1");
  gate.ran(ticket);
  CHECK(steps(gate) == "store 1");
  gate.stored(ticket, CallGate::Kept::yes);
  CHECK(steps(gate) == "result 1");
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "deliver 1 own");
  CHECK(gate.calls() == 0);
}

TEST_CASE("an answer that is known before its box has ended is stored, and waits for that") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  gate.ended(ticket);  // of nothing that was said to end
  gate.ran(ticket, CallGate::Box::ending);
  CHECK(steps(gate) == "store 1");
  CHECK(gate.runs_anything());
  SECTION("it ends before the result is stored") {
    gate.ended(ticket);
    CHECK(steps(gate).empty());
    gate.stored(ticket, CallGate::Kept::yes);
    CHECK(steps(gate) == "result 1");
  }
  SECTION("the result is stored first") {
    gate.stored(ticket, CallGate::Kept::yes);
    CHECK(steps(gate).empty());
    REQUIRE(gate.cancel("s", "a", CancelReason::cancelled));
    CHECK(steps(gate) == "stop 1");
    gate.ended(ticket);
    CHECK(steps(gate) == "result 1");
  }
  SECTION("it could not be stored") {
    gate.stored(ticket, CallGate::Kept::no);
    CHECK(steps(gate).empty());
    gate.ended(ticket);
    CHECK(steps(gate) == "orphan 1");
    gate.recorded(ticket, CallGate::Recorded::yes);
    CHECK(steps(gate) == "deliver 1 not_recorded");
    return;
  }
  SECTION("the log is lost meanwhile") {
    gate.stored(ticket, CallGate::Kept::yes);
    gate.log_lost();
    CHECK(steps(gate) == "stop 1, forget 1");
    gate.ended(ticket);
    CHECK(steps(gate) == "deliver 1 not_recorded");
    gate.log_back();
    CHECK(steps(gate) == "find 2");
    return;
  }
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "deliver 1 own");
  CHECK_FALSE(gate.runs_anything());
}

TEST_CASE("what a call came to is stored in place of what it seemed to come to") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  CHECK_FALSE(gate.keeps_result(ticket));
  gate.ran(ticket, CallGate::Box::ending);
  CHECK_FALSE(gate.keeps_result(ticket));
  SECTION("once the first is stored") {
    gate.stored(ticket, CallGate::Kept::yes);
    CHECK(gate.keeps_result(ticket));
    gate.not_kept(ticket);
    (void)gate.take_steps();
    gate.ended(ticket);
    CHECK(steps(gate) == "orphan 1");
    gate.recorded(ticket, CallGate::Recorded::yes);
    CHECK(steps(gate) == "deliver 1 not_recorded");
  }
  SECTION("not when it was not") {
    gate.stored(ticket, CallGate::Kept::no);
    CHECK_FALSE(gate.keeps_result(ticket));
  }
  SECTION("not when it is void, since the log was lost") {
    gate.stored(ticket, CallGate::Kept::yes);
    gate.log_lost();
    CHECK_FALSE(gate.keeps_result(ticket));
  }
  CHECK_FALSE(gate.keeps_result(99));
}

TEST_CASE("an answer that cannot be recorded waits for the end of its box too") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  gate.ran(ticket, CallGate::Box::ending);
  SECTION("while it is stored") {}
  SECTION("while it was to be stopped") {
    CallGate other = open_gate();
    REQUIRE(running(other, "a") == ticket);
    other.log_lost();
    other.ran(ticket, CallGate::Box::ending);
    std::swap(gate, other);
    CHECK(steps(gate) == "stop 1");
  }
  gate.log_lost();
  (void)gate.take_steps();
  CHECK(gate.calls() == 1);
  gate.ended(ticket);
  CHECK(steps(gate) == "deliver 1 not_recorded");
}

TEST_CASE("events out of turn start nothing") {
  struct Row {
    const char* name;
    void (*event)(CallGate&, Ticket);
  };
  const Row rows[] = {
      {"found before the log was asked",
       [](CallGate& g, Ticket t) { g.found(t, LogKnows::intent, StoredHere::yes); }},
      {"recorded before it was asked",
       [](CallGate& g, Ticket t) { g.recorded(t, CallGate::Recorded::yes); }},
      {"ran before it was started", [](CallGate& g, Ticket t) { g.ran(t); }},
      {"stored before it ran", [](CallGate& g, Ticket t) { g.stored(t, CallGate::Kept::yes); }},
      {"a ticket that never was",
       [](CallGate& g, Ticket) { g.recorded(99, CallGate::Recorded::yes); }},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CallGate gate = open_gate();
    const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
    (void)gate.take_steps();
    row.event(gate, ticket);
    CHECK(steps(gate).empty());
  }
}

TEST_CASE("what the log knows decides whether a call runs") {
  struct Row {
    const char* name;
    LogKnows log;
    StoredHere stored;
    const char* expected;
  };
  const Row rows[] = {
      {"ended and settled", LogKnows::end, StoredHere::no, "deliver 1 settled"},
      {"ended, its result still here", LogKnows::end, StoredHere::yes, "deliver 1 stored"},
      {"intent and a result that was not recorded", LogKnows::intent, StoredHere::yes, "result 1"},
      {"intent and nothing else", LogKnows::intent, StoredHere::no, "store 1"},
      {"nothing, which is no answer to a record", LogKnows::nothing, StoredHere::yes, ""},
  };
  for (const Row& row : rows) {
    for (const Decided decision : {Decided::allow, Decided::deny}) {
      INFO(row.name);
      CallGate gate = open_gate();
      const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
      gate.decided(ticket, decision);
      (void)gate.take_steps();
      gate.found(ticket, row.log, row.stored);
      CHECK(steps(gate) == row.expected);
    }
  }
}

TEST_CASE("an interrupted call of an earlier process is stored, marked and answered") {
  CallGate gate = open_gate();
  const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
  gate.decided(ticket, Decided::allow);
  (void)gate.take_steps();
  gate.found(ticket, LogKnows::intent, StoredHere::no);
  CHECK(steps(gate) == "store 1");
  gate.stored(ticket, CallGate::Kept::yes);
  CHECK(steps(gate) == "orphan 1");
  SECTION("the log takes it") {
    gate.recorded(ticket, CallGate::Recorded::yes);
    CHECK(steps(gate) == "deliver 1 interrupted");
  }
  SECTION("the intent was another session's") {
    gate.recorded(ticket, CallGate::Recorded::refused);
    CHECK(steps(gate) == "forget 1, deliver 1 settled");
  }
}

TEST_CASE("a denial is recorded before it is told") {
  CallGate gate = open_gate();
  const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
  gate.decided(ticket, Decided::deny);
  CHECK(steps(gate) == "decide 1, deny 1");
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "deliver 1 own");
}

TEST_CASE("an intent that the auditor refuses starts nothing") {
  CallGate gate = open_gate();
  const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
  gate.decided(ticket, Decided::allow);
  (void)gate.take_steps();
  gate.recorded(ticket, CallGate::Recorded::refused);
  CHECK(steps(gate) == "deliver 1 not_recorded");
}

TEST_CASE("a result that could not be kept is not delivered") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  gate.ran(ticket);
  gate.stored(ticket, CallGate::Kept::no);
  CHECK(steps(gate) == "store 1, orphan 1");
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "deliver 1 not_recorded");
}

TEST_CASE("requests that are refused at once") {
  CallGate gate = open_gate();
  CHECK(gate.receive("other", "a", CallMode::writes).error().kind() == ErrorKind::not_found);
  REQUIRE(gate.receive("s", "a", CallMode::writes));
  CHECK(gate.receive("s", "a", CallMode::reads).error().kind() == ErrorKind::exists);
  CHECK(gate.open_session("s").error().kind() == ErrorKind::exists);
  REQUIRE(gate.open_session("t"));
  CHECK(gate.receive("t", "b", CallMode::writes).error().kind() == ErrorKind::not_found);
  gate.session_recorded("t");
  SECTION("the id of a call in another session") {
    CHECK(gate.receive("t", "a", CallMode::writes).error().kind() == ErrorKind::exists);
    CHECK(gate.cancel("t", "a", CancelReason::cancelled).error().kind() == ErrorKind::not_found);
  }
  SECTION("too many calls") {
    for (std::size_t i = 1; i < kMaxCallsOfSession; ++i)
      REQUIRE(gate.receive("s", "x" + std::to_string(i), CallMode::writes));
    CHECK(gate.receive("s", "last", CallMode::writes).error().kind() == ErrorKind::limit);
    CHECK(gate.receive("t", "other", CallMode::writes));
  }
  CHECK(gate.close_session("nowhere", CancelReason::cancelled).error().kind() ==
        ErrorKind::not_found);
}

TEST_CASE("too many sessions are refused") {
  CallGate gate;
  for (std::size_t i = 0; i < kMaxSessions; ++i)
    REQUIRE(gate.open_session("s" + std::to_string(i)));
  CHECK(gate.open_session("one more").error().kind() == ErrorKind::limit);
}

TEST_CASE("calls of a session start in order; only readers run side by side") {
  struct Row {
    const char* name;
    const char* arrive;   // one letter a call: r or w
    const char* at_once;  // steps before any of them ends
    const char* then;     // after call 1 was delivered
  };
  const Row rows[] = {
      {"writers one after another", "ww", "decide 1", "deliver 1 own, decide 2"},
      {"a reader waits for a writer", "wr", "decide 1", "deliver 1 own, decide 2"},
      {"a writer waits for readers", "rrw", "decide 1, decide 2", "deliver 1 own"},
      {"a reader behind a waiting writer waits too", "rwr", "decide 1", "deliver 1 own, decide 2"},
      {"at most four readers", "rrrrr", "decide 1, decide 2, decide 3, decide 4",
       "deliver 1 own, decide 5"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CallGate gate = open_gate();
    int n = 0;
    for (const char* at = row.arrive; *at != '\0'; ++at)
      REQUIRE(gate.receive("s", "c" + std::to_string(++n),
                           *at == 'r' ? CallMode::reads : CallMode::writes));
    CHECK(steps(gate) == row.at_once);
    gate.decided(1, Decided::deny);
    (void)gate.take_steps();
    gate.recorded(1, CallGate::Recorded::yes);
    CHECK(steps(gate) == row.then);
  }
}

TEST_CASE("sessions do not wait for each other") {
  CallGate gate = open_gate();
  REQUIRE(gate.open_session("t"));
  gate.session_recorded("t");
  (void)gate.take_steps();
  REQUIRE(gate.receive("s", "a", CallMode::writes));
  REQUIRE(gate.receive("t", "b", CallMode::writes));
  CHECK(steps(gate) == "decide 1, decide 2");
}

namespace {

// Two slots and the sessions `a`, `b`, `c`.
CallGate narrow_gate() {
  CallGate gate(2);
  for (const char* session : {"a", "b", "c"}) {
    REQUIRE(gate.open_session(session));
    gate.session_recorded(session);
  }
  (void)gate.take_steps();
  return gate;
}

// Ends a call by a denial, which is the shortest way.
void end(CallGate& gate, Ticket ticket) {
  gate.decided(ticket, Decided::deny);
  gate.recorded(ticket, CallGate::Recorded::yes);
}

// The steps that start calls.
std::string starts(CallGate& gate) {
  std::string text;
  for (const Step& step : gate.take_steps())
    if (step.kind == Kind::decide)
      text += (text.empty() ? "" : " ") + step.session + std::to_string(step.ticket);
  return text;
}

}  // namespace

TEST_CASE("sessions that wait for a slot get one in turn") {
  CallGate gate = narrow_gate();
  for (int i = 0; i < 4; ++i)
    REQUIRE(gate.receive("a", "a" + std::to_string(i), CallMode::reads));  // 1 2 3 4
  REQUIRE(gate.receive("b", "b0", CallMode::writes));                      // 5
  REQUIRE(gate.receive("b", "b1", CallMode::writes));                      // 6
  REQUIRE(gate.receive("c", "c0", CallMode::writes));                      // 7
  CHECK(starts(gate) == "a1 a2");
  end(gate, 1);
  CHECK(starts(gate) == "a3");  // asked before b did
  end(gate, 2);
  CHECK(starts(gate) == "b5");
  end(gate, 3);
  CHECK(starts(gate) == "c7");
  end(gate, 5);
  CHECK(starts(gate) == "a4");
  end(gate, 7);
  CHECK(starts(gate) == "b6");
  end(gate, 4);
  end(gate, 6);
  CHECK(starts(gate).empty());
  CHECK(gate.calls() == 0);
}

TEST_CASE("a slot that waits for a session that has nothing any more goes to the next") {
  CallGate gate = narrow_gate();
  REQUIRE(gate.receive("a", "a0", CallMode::reads));   // 1
  REQUIRE(gate.receive("a", "a1", CallMode::reads));   // 2
  REQUIRE(gate.receive("b", "b0", CallMode::writes));  // 3
  REQUIRE(gate.receive("c", "c0", CallMode::writes));  // 4
  CHECK(starts(gate) == "a1 a2");
  SECTION("its call was cancelled") {
    REQUIRE(gate.cancel("b", "b0", CancelReason::cancelled));
    end(gate, 1);
    CHECK(starts(gate) == "c4");
  }
  SECTION("it was closed") {
    REQUIRE(gate.close_session("b", CancelReason::interrupted));
    gate.recorded(3, CallGate::Recorded::yes);
    gate.session_recorded("b");
    end(gate, 1);
    CHECK(starts(gate) == "c4");
  }
  SECTION("the log was lost and is back: what waited was answered") {
    gate.log_lost();
    gate.log_back();
    CHECK(starts(gate).empty());
    REQUIRE(gate.receive("c", "c1", CallMode::writes));
    CHECK(starts(gate) == "c5");
    REQUIRE(gate.receive("b", "b1", CallMode::writes));
    CHECK(starts(gate) == "b6");
  }
}

TEST_CASE("a hundred sessions with a call each have it under way at once") {
  CallGate gate;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "s" + std::to_string(i);
    REQUIRE(gate.open_session(name));
    gate.session_recorded(name);
    REQUIRE(gate.receive(name, "call of " + name, CallMode::writes));
  }
  std::size_t started = 0;
  for (const Step& step : gate.take_steps()) started += step.kind == Kind::decide ? 1 : 0;
  CHECK(started == 100);
}

TEST_CASE("a cancelled call") {
  CallGate gate = open_gate();
  SECTION("that runs is stopped and its result recorded") {
    const Ticket ticket = running(gate, "a");
    REQUIRE(gate.cancel("s", "a", CancelReason::cancelled));
    CHECK(steps(gate) == "stop 1");
    REQUIRE(gate.cancel("s", "a", CancelReason::cancelled));
    CHECK(steps(gate).empty());
    gate.ran(ticket);
    gate.stored(ticket, CallGate::Kept::yes);
    CHECK(steps(gate) == "store 1, result 1");
  }
  SECTION("that waits never runs") {
    REQUIRE(gate.receive("s", "a", CallMode::writes));
    REQUIRE(gate.receive("s", "b", CallMode::writes));
    (void)gate.take_steps();
    REQUIRE(gate.cancel("s", "b", CancelReason::cancelled));
    CHECK(steps(gate) == "deny 2");
    gate.recorded(2, CallGate::Recorded::yes);
    CHECK(steps(gate) == "deliver 2 cancelled");
  }
  SECTION("whose intent is on its way is not run") {
    const Ticket ticket = *gate.receive("s", "a", CallMode::writes);
    gate.decided(ticket, Decided::allow);
    REQUIRE(gate.cancel("s", "a", CancelReason::cancelled));
    (void)gate.take_steps();
    gate.recorded(ticket, CallGate::Recorded::yes);
    CHECK(steps(gate) == "store 1");
    gate.stored(ticket, CallGate::Kept::yes);
    CHECK(steps(gate) == "result 1");
    gate.recorded(ticket, CallGate::Recorded::yes);
    CHECK(steps(gate) == "deliver 1 cancelled");
  }
}

TEST_CASE("a session closes when its calls are over") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  REQUIRE(gate.close_session("s", CancelReason::shutting_down));
  CHECK(steps(gate) == "stop 1");
  CHECK(gate.receive("s", "b", CallMode::writes).error().kind() == ErrorKind::not_found);
  gate.ran(ticket);
  gate.stored(ticket, CallGate::Kept::yes);
  (void)gate.take_steps();
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "deliver 1 own, ask_close s");
  gate.session_recorded("s");
  CHECK(steps(gate) == "closed s");
  CHECK(gate.idle());
}

TEST_CASE("when the peer is gone nothing is delivered and the session closes") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  REQUIRE(gate.receive("s", "b", CallMode::writes));
  gate.peer_gone();
  CHECK(steps(gate) == "stop 1, drop 2");
  gate.ran(ticket);
  CHECK(steps(gate) == "store 1");
  gate.stored(ticket, CallGate::Kept::yes);
  CHECK(steps(gate) == "result 1");
  gate.recorded(ticket, CallGate::Recorded::yes);
  CHECK(steps(gate) == "drop 1, ask_close s");
}

}  // namespace
}  // namespace glovebox::roles
