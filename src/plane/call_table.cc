#include "plane/call_table.h"

#include <algorithm>
#include <format>
#include <optional>

#include "base/result.h"

namespace glovebox::plane {
namespace {

std::optional<CallKind> kind_of(std::string_view type) {
  if (type == "agent.tool_use") return CallKind::tool;
  if (type == "agent.custom_tool_use") return CallKind::custom_tool;
  if (type == "agent.mcp_tool_use") return CallKind::mcp_tool;
  return std::nullopt;
}

std::string_view settled_how(CallState state) {
  switch (state) {
    case CallState::held:
      return "waits for a confirmation";
    case CallState::open:
      return "waits for a result";
    case CallState::answered:
      return "has a result already";
    case CallState::denied:
      return "was denied";
    case CallState::interrupted:
      return "was interrupted";
  }
  return "";
}

}  // namespace

void CallTable::add(const codec::Json& event) {
  const std::string* type = event.get_string("type");
  const std::string* id = event.get_string("id");
  const std::optional<CallKind> kind = type != nullptr ? kind_of(*type) : std::nullopt;
  if (!kind || id == nullptr) return;
  const std::string* permission = event.get_string("evaluated_permission");
  // The service runs MCP calls itself: one that needs no confirmation waits for nobody.
  CallState state = *kind == CallKind::mcp_tool ? CallState::answered : CallState::open;
  if (permission != nullptr && *permission != "allow")
    state = *permission == "deny" ? CallState::denied : CallState::held;
  calls_.push_back({*id, *kind, state});
}

Answer<void> CallTable::answer(const codec::Json& result_event) {
  const bool custom = *result_event.get_string("type") == "user.custom_tool_result";
  const std::string_view field = custom ? "custom_tool_use_id" : "tool_use_id";
  const std::string& id = *result_event.get_string(field);
  ToolCall* call = find_mutable(id);
  if (call == nullptr) return invalid_request(std::format("{}: no call {} here", field, id));
  if (call->kind != (custom ? CallKind::custom_tool : CallKind::tool))
    return invalid_request(std::format("{}: call {} needs another kind of result", field, id));
  if (call->state != CallState::open)
    return invalid_request(std::format("{}: call {} {}", field, id, settled_how(call->state)));
  call->state = CallState::answered;
  return {};
}

Answer<void> CallTable::confirm(const codec::Json& confirmation_event) {
  const std::string& id = *confirmation_event.get_string("tool_use_id");
  ToolCall* call = find_mutable(id);
  if (call == nullptr) return invalid_request(std::format("tool_use_id: no call {} here", id));
  if (call->state != CallState::held)
    return invalid_request(
        std::format("tool_use_id: call {} is not waiting for a confirmation", id));
  if (*confirmation_event.get_string("result") == "deny")
    call->state = CallState::denied;
  else
    call->state = call->kind == CallKind::mcp_tool ? CallState::answered : CallState::open;
  return {};
}

void CallTable::interrupt() {
  for (ToolCall& call : calls_)
    if (call.state == CallState::held || call.state == CallState::open)
      call.state = CallState::interrupted;
}

std::vector<std::string> CallTable::waiting() const {
  std::vector<std::string> ids;
  for (const ToolCall& call : calls_)
    if (call.state == CallState::held || call.state == CallState::open) ids.push_back(call.id);
  return ids;
}

const ToolCall* CallTable::find(std::string_view id) const {
  const auto found = std::ranges::find(calls_, id, &ToolCall::id);
  return found == calls_.end() ? nullptr : &*found;
}

ToolCall* CallTable::find_mutable(std::string_view id) {
  const auto found = std::ranges::find(calls_, id, &ToolCall::id);
  return found == calls_.end() ? nullptr : &*found;
}

}  // namespace glovebox::plane
