#include "worker/session_event.h"

#include <utility>

namespace glovebox::worker {

namespace {

using codec::Json;

std::string text_of(const Json& json, std::string_view key) {
  const std::string* text = json.get_string(key);
  return text ? *text : std::string();
}

EventKind kind_of(std::string_view type) {
  static constexpr std::pair<std::string_view, EventKind> kKinds[] = {
      {"agent.tool_use", EventKind::tool_use},
      {"agent.custom_tool_use", EventKind::custom_tool_use},
      {"user.tool_result", EventKind::tool_result},
      {"user.custom_tool_result", EventKind::tool_result},
      {"user.tool_confirmation", EventKind::confirmation},
      {"user.interrupt", EventKind::interrupt},
      {"session.status_idle", EventKind::idle},
      {"session.status_terminated", EventKind::session_ended},
      {"session.deleted", EventKind::session_ended},
      {"session.thread_status_terminated", EventKind::thread_terminated},
  };
  for (const auto& [name, kind] : kKinds)
    if (name == type) return kind;
  return EventKind::other;
}

Permission permission_of(const Json& json) {
  const Json* value = json.get("evaluated_permission");
  if (!value || value->is_null()) return Permission::allow;
  const std::string* word = value->as_string();
  if (word && *word == "allow") return Permission::allow;
  if (word && *word == "deny") return Permission::deny;
  return Permission::ask;
}

bool waits_for_action(const Json& json) {
  const Json* reason = json.get("stop_reason");
  return reason && text_of(*reason, "type") == "requires_action";
}

Error lacks(std::string_view type, std::string_view field) {
  return Error(ErrorKind::protocol, "event " + std::string(type) + ": no " + std::string(field));
}

}  // namespace

Result<SessionEvent> parse_session_event(const Json& json) {
  if (!json.is_object()) return Error(ErrorKind::protocol, "event: not an object");
  SessionEvent event;
  event.type = text_of(json, "type");
  event.kind = kind_of(event.type);
  event.id = text_of(json, "id");
  event.thread = text_of(json, "session_thread_id");
  switch (event.kind) {
    case EventKind::tool_use:
    case EventKind::custom_tool_use: {
      event.name = text_of(json, "name");
      if (event.id.empty()) return lacks(event.type, "id");
      if (event.name.empty()) return lacks(event.type, "name");
      const Json* input = json.get("input");
      event.input = input ? codec::to_json(*input) : "{}";
      event.permission = permission_of(json);
      break;
    }
    case EventKind::tool_result:
      event.call =
          text_of(json, event.type == "user.tool_result" ? "tool_use_id" : "custom_tool_use_id");
      if (event.call.empty()) return lacks(event.type, "call id");
      break;
    case EventKind::confirmation:
      event.call = text_of(json, "tool_use_id");
      if (event.call.empty()) return lacks(event.type, "tool_use_id");
      event.confirmed = text_of(json, "result") == "allow";
      break;
    case EventKind::thread_terminated:
      if (event.thread.empty()) return lacks(event.type, "session_thread_id");
      break;
    case EventKind::idle:
      event.requires_action = waits_for_action(json);
      break;
    default:
      break;
  }
  return event;
}

Result<HistoryPage> parse_history_page(std::string_view body) {
  const Json json = TRY_CONTEXT(codec::parse_json(body), "event history");
  const codec::JsonArray* data = json.get_array("data");
  if (!data) return Error(ErrorKind::protocol, "event history: no data");
  HistoryPage page;
  for (const Json& entry : *data) {
    auto event = parse_session_event(entry);
    if (event) {
      page.events.push_back(std::move(*event));
    } else {
      ++page.unusable;
    }
  }
  page.next_page = text_of(json, "next_page");
  return page;
}

}  // namespace glovebox::worker
