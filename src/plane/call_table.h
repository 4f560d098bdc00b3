// The tool calls of one session and what became of each.
//
// Every call is settled exactly once: by a result of its kind, by a denial, or by an interrupt.
// Whatever is posted for it afterwards is refused, so a worker that answers twice is found out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json.h"
#include "plane/message.h"

namespace glovebox::plane {

enum class CallKind : std::uint8_t { tool, custom_tool, mcp_tool };
enum class CallState : std::uint8_t {
  held,         // waits for a confirmation
  open,         // waits for a result
  answered,     // has its result
  denied,       // never runs; the server has told the model
  interrupted,  // its turn ended before it was answered
};

struct ToolCall {
  std::string id;
  CallKind kind = CallKind::tool;
  CallState state = CallState::open;
};

class CallTable {
 public:
  // Takes note of an emitted event; anything but a call is ignored. A permission other than allow
  // and deny holds the call.
  void add(const codec::Json& event);

  // Errors of both: 400 for an unknown call, one of another kind, or one that is settled or not
  // waiting for this.
  Answer<void> answer(const codec::Json& result_event);
  Answer<void> confirm(const codec::Json& confirmation_event);
  void interrupt();

  // Held and open ones, in the order in which they were emitted.
  std::vector<std::string> waiting() const;
  const ToolCall* find(std::string_view id) const;

 private:
  ToolCall* find_mutable(std::string_view id);

  std::vector<ToolCall> calls_;
};

}  // namespace glovebox::plane
