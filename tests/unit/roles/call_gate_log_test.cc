// What the gate does when the log is lost, and when it is back.
#include "roles/call_gate.h"

#include <catch2/catch_test_macros.hpp>

#include "gate_steps.h"

namespace glovebox::roles {

using namespace test;

namespace {

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
