#include "roles/call_gate.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

namespace glovebox::roles {
namespace {

using Kind = Step::Kind;

std::string word(Kind kind) {
  switch (kind) {
    case Kind::find:
      return "find";
    case Kind::decide:
      return "decide";
    case Kind::ask_deny:
      return "deny";
    case Kind::ask_intent:
      return "intent";
    case Kind::run:
      return "run";
    case Kind::stop:
      return "stop";
    case Kind::store:
      return "store";
    case Kind::ask_result:
      return "result";
    case Kind::ask_orphan:
      return "orphan";
    case Kind::deliver:
      return "deliver";
    case Kind::drop:
      return "drop";
    case Kind::forget:
      return "forget";
    case Kind::ask_open:
      return "ask_open";
    case Kind::opened:
      return "opened";
    case Kind::not_opened:
      return "not_opened";
    case Kind::ask_close:
      return "ask_close";
    case Kind::closed:
      return "closed";
  }
  return "?";
}

std::string word(Ending ending) {
  switch (ending) {
    case Ending::own:
      return "own";
    case Ending::stored:
      return "stored";
    case Ending::interrupted:
      return "interrupted";
    case Ending::cancelled:
      return "cancelled";
    case Ending::not_recorded:
      return "not_recorded";
    case Ending::settled:
      return "settled";
  }
  return "?";
}

// `run 3`, `deliver 1 own`, `closed s`
std::string steps(CallGate& gate) {
  std::string text;
  for (const Step& step : gate.take_steps()) {
    if (!text.empty()) text += ", ";
    text += word(step.kind);
    text += step.ticket == 0 ? " " + step.session : " " + std::to_string(step.ticket);
    if (step.kind == Kind::deliver) text += " " + word(step.ending);
  }
  return text;
}

CallGate open_gate(const std::string& session = "s") {
  CallGate gate;
  REQUIRE(gate.open_session(session));
  gate.session_recorded(session);
  (void)gate.take_steps();
  return gate;
}

// Takes a call of the session `s` up to the point where its box runs.
Ticket running(CallGate& gate, const std::string& tool_use) {
  const Ticket ticket = *gate.receive("s", tool_use, CallMode::writes);
  gate.decided(ticket, Decided::allow);
  gate.recorded(ticket, CallGate::Recorded::yes);
  (void)gate.take_steps();
  return ticket;
}

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

TEST_CASE("when the log is lost every call is answered and nothing starts") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  REQUIRE(gate.receive("s", "b", CallMode::writes));
  REQUIRE(gate.open_session("t"));
  (void)gate.take_steps();
  gate.log_lost();
  CHECK(steps(gate) == "stop 1, deliver 2 not_recorded, not_opened t");
  CHECK(gate.open_session("u").error().kind() == ErrorKind::io);
  REQUIRE(gate.receive("s", "c", CallMode::reads));
  CHECK(steps(gate) == "deliver 3 not_recorded");
  gate.ran(ticket);
  CHECK(steps(gate) == "deliver 1 not_recorded");

  SECTION("an intent that is in the log is marked when it is back") {
    gate.log_back();
    CHECK(steps(gate) == "find 4");
    gate.found(4, LogKnows::intent, StoredHere::no);
    CHECK(steps(gate) == "orphan 4");
    gate.recorded(4, CallGate::Recorded::yes);
    CHECK(steps(gate).empty());
    CHECK(gate.calls() == 0);
  }
  SECTION("one that is not needs nothing") {
    gate.log_back();
    (void)gate.take_steps();
    gate.found(4, LogKnows::nothing, StoredHere::no);
    CHECK(steps(gate).empty());
    CHECK(gate.calls() == 0);
  }
  SECTION("calls run again") {
    gate.log_back();
    (void)gate.take_steps();
    REQUIRE(gate.receive("s", "d", CallMode::writes));
    CHECK(steps(gate) == "decide 5");
  }
}

TEST_CASE("a result whose record was on its way when the log was lost waits for the log") {
  CallGate gate = open_gate();
  const Ticket ticket = running(gate, "a");
  gate.ran(ticket);
  gate.stored(ticket, CallGate::Kept::yes);
  (void)gate.take_steps();
  gate.log_lost();
  CHECK(steps(gate).empty());

  SECTION("the log has it: the answer is what the log says") {
    gate.log_back();
    CHECK(steps(gate) == "find 1");
    gate.found(ticket, LogKnows::end, StoredHere::yes);
    CHECK(steps(gate) == "deliver 1 own");
  }
  SECTION("the log does not: it is recorded, then delivered") {
    gate.log_back();
    (void)gate.take_steps();
    gate.found(ticket, LogKnows::intent, StoredHere::yes);
    CHECK(steps(gate) == "result 1");
    gate.recorded(ticket, CallGate::Recorded::yes);
    CHECK(steps(gate) == "deliver 1 own");
  }
  SECTION("the log is lost again before it could say") {
    gate.log_back();
    (void)gate.take_steps();
    gate.log_lost();
    CHECK(steps(gate).empty());
    gate.log_back();
    CHECK(steps(gate) == "find 1");
  }
  SECTION("nobody hears it any more") {
    gate.peer_gone();
    CHECK(steps(gate).empty());
    gate.log_back();
    CHECK(steps(gate) == "find 1");
    gate.found(ticket, LogKnows::end, StoredHere::yes);
    CHECK(steps(gate) == "drop 1, ask_close s");
  }
}

TEST_CASE("what runs is known also when the log is lost") {
  CallGate gate = open_gate();
  CHECK_FALSE(gate.runs_anything());
  const Ticket ticket = running(gate, "a");
  CHECK(gate.runs_anything());
  SECTION("its box must end first") {
    gate.log_lost();
    CHECK(gate.runs_anything());
    gate.ran(ticket);
    CHECK_FALSE(gate.runs_anything());
  }
  SECTION("a result that waits for the log is no box") {
    gate.ran(ticket);
    gate.stored(ticket, CallGate::Kept::yes);
    gate.log_lost();
    CHECK_FALSE(gate.runs_anything());
    CHECK_FALSE(gate.idle());
  }
}

TEST_CASE("a session that was closing when the log was lost closes when it is back") {
  CallGate gate = open_gate();
  REQUIRE(gate.close_session("s", CancelReason::cancelled));
  CHECK(steps(gate) == "ask_close s");
  gate.log_lost();
  CHECK(steps(gate).empty());
  gate.log_back();
  CHECK(steps(gate) == "ask_close s");
}

}  // namespace
}  // namespace glovebox::roles
