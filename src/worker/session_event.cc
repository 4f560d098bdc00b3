#include "worker/session_event.h"

#include <optional>
#include <utility>

#include "codec/json_outline.h"

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

void read_idle(const Json& json, SessionEvent& event) {
  const Json* reason = json.get("stop_reason");
  event.requires_action = reason && text_of(*reason, "type") == "requires_action";
  const codec::JsonArray* ids = event.requires_action ? reason->get_array("event_ids") : nullptr;
  if (!ids) return;
  for (const Json& id : *ids)
    if (const std::string* text = id.as_string()) event.waits_for.push_back(*text);
}

// What can be read of an object that cannot be read as a whole. A value that cannot is replaced by
// one that means nothing; `input` is given as it stands.
struct Rescued {
  Json json;
  std::optional<std::string_view> input;
};
Result<Rescued> rescue(std::string_view text) {
  Rescued rescued{codec::JsonObject(), std::nullopt};
  for (const codec::OutlinedMember& member : TRY(codec::outline_object(text))) {
    codec::JsonObject& members = *rescued.json.as_object();
    if (members.contains(member.key))
      return Error(ErrorKind::invalid, "`" + member.key + "` stands there twice");
    auto value = codec::parse_json(member.value);
    if (!value && member.key == "input") rescued.input = member.value;
    members.set(member.key, value ? *std::move(value) : Json(codec::JsonObject()));
  }
  return rescued;
}

Result<HistoryPage> page_of_outline(std::string_view body) {
  HistoryPage page;
  const std::string_view* data = nullptr;
  const auto members = TRY(codec::outline_object(body));
  for (const codec::OutlinedMember& member : members) {
    if (member.key == "data") data = &member.value;
    if (member.key != "next_page") continue;
    const Json next = TRY(codec::parse_json(member.value));
    if (const std::string* text = next.as_string()) page.next_page = *text;
  }
  if (!data) return Error(ErrorKind::protocol, "no data");
  for (const std::string_view entry : TRY(codec::outline_array(*data))) {
    auto event = read_session_event(entry);
    if (event)
      page.events.push_back(*std::move(event));
    else
      ++page.unusable;
  }
  return page;
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
      read_idle(json, event);
      break;
    default:
      break;
  }
  return event;
}

Result<SessionEvent> read_session_event(std::string_view text) {
  const auto json = codec::parse_json(text);
  if (json) return parse_session_event(*json);
  const Rescued rescued = TRY(rescue(text));
  SessionEvent event = TRY(parse_session_event(rescued.json));
  if (rescued.input) event.input = *rescued.input;
  return event;
}

Result<HistoryPage> parse_history_page(std::string_view body) {
  const auto whole = codec::parse_json(body);
  if (!whole) return TRY_CONTEXT(page_of_outline(body), "event history");
  const Json& json = *whole;
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
