// A gate's steps as words, and gates at some point of a call.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "roles/call_gate.h"

namespace glovebox::roles::test {

using Kind = Step::Kind;

inline std::string word(Kind kind) {
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

inline std::string word(Ending ending) {
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
inline std::string steps(CallGate& gate) {
  std::string text;
  for (const Step& step : gate.take_steps()) {
    if (!text.empty()) text += ", ";
    text += word(step.kind);
    text += step.ticket == 0 ? " " + step.session : " " + std::to_string(step.ticket);
    if (step.kind == Kind::deliver) text += " " + word(step.ending);
  }
  return text;
}

inline CallGate open_gate(const std::string& session = "s") {
  CallGate gate;
  REQUIRE(gate.open_session(session));
  gate.session_recorded(session);
  (void)gate.take_steps();
  return gate;
}

// Takes a call of the session `s` up to the point where its box runs.
inline Ticket running(CallGate& gate, const std::string& tool_use) {
  const Ticket ticket = *gate.receive("s", tool_use, CallMode::writes);
  gate.decided(ticket, Decided::allow);
  gate.recorded(ticket, CallGate::Recorded::yes);
  (void)gate.take_steps();
  return ticket;
}

}  // namespace glovebox::roles::test
