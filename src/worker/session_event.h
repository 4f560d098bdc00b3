// One event of a session, cut down to what routing needs. Unknown types and fields are no error:
// they become `other`, which still counts as activity.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"

namespace glovebox::worker {

enum class EventKind {
  tool_use,
  custom_tool_use,
  tool_result,  // of either kind
  confirmation,
  interrupt,
  idle,
  session_ended,  // terminated or deleted
  thread_terminated,
  other,
};

enum class Permission { allow, ask, deny };  // absent is allow; what is not known is ask

struct SessionEvent {
  EventKind kind = EventKind::other;
  std::string id;  // may be empty: such an event is never taken for a repeated one
  std::string type;
  std::string thread;  // session_thread_id, may be empty
  std::string call;    // results and confirmations: the call that they answer

  // tool_use and custom_tool_use
  std::string name;
  std::string input;  // JSON
  Permission permission = Permission::allow;

  bool confirmed = false;              // confirmation: the verdict is `allow`
  bool requires_action = false;        // idle: it waits for results or confirmations
  std::vector<std::string> waits_for;  // then: of these events
};

// Error: protocol, when a call, a result or a confirmation lacks its ids.
Result<SessionEvent> parse_session_event(const codec::Json& json);
// From its text. A call whose input is not what codec::parse_json takes is a call all the same, its
// input the text as it came: whoever reads it refuses it, and the call is answered. Error: also
// invalid (no object, a key of the event twice).
Result<SessionEvent> read_session_event(std::string_view text);

// A page of the history. Events that are not usable are left out and counted; they do not cost the
// others.
struct HistoryPage {
  std::vector<SessionEvent> events;
  std::string next_page;  // empty: this was the last one
  std::size_t unusable = 0;
};
Result<HistoryPage> parse_history_page(std::string_view body);

}  // namespace glovebox::worker
