#include "plane/event_check.h"

#include <algorithm>
#include <format>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::plane {
namespace {

constexpr std::size_t kMaxInitialEvents = 50;

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

Answer<void> check_block(const codec::Json& block, const std::string& place) {
  const std::string* type = block.get_string("type");
  if (type == nullptr) return invalid_request(place + ".type: is required");
  if (*type == "text") {
    const std::string* text = block.get_string("text");
    if (text == nullptr) return invalid_request(place + ".text: must be a string");
    if (text->empty()) return invalid_request(place + ".text: must not be empty");
    return {};
  }
  if (*type == "image" || *type == "document") {
    const codec::Json* source = block.get("source");
    if (source == nullptr || source->get_string("type") == nullptr)
      return invalid_request(place + ".source.type: is required");
    return {};
  }
  if (*type == "search_result") {
    if (block.get_string("source") == nullptr || block.get_string("title") == nullptr ||
        block.get_array("content") == nullptr)
      return invalid_request(place + ": source, title and content are required");
    return {};
  }
  return invalid_request(std::format("{}.type: unknown block type {}", place, *type));
}

enum class Presence { required, optional };

Answer<void> check_content(const codec::Json& event, const std::string& place, Presence presence) {
  const codec::Json* content = event.get("content");
  if (content == nullptr && presence == Presence::optional) return {};
  const codec::JsonArray* blocks = content != nullptr ? content->as_array() : nullptr;
  if (blocks == nullptr) return invalid_request(place + ".content: must be an array of blocks");
  if (blocks->empty() && presence == Presence::required)
    return invalid_request(place + ".content: must not be empty");
  for (std::size_t i = 0; i < blocks->size(); ++i)
    TRY(check_block((*blocks)[i], std::format("{}.content[{}]", place, i)));
  return {};
}

Answer<void> check_result(const codec::Json& event, const std::string& place,
                          std::string_view call_field) {
  if (event.get_string(call_field) == nullptr)
    return invalid_request(std::format("{}.{}: is required", place, call_field));
  if (const codec::Json* is_error = event.get("is_error"); is_error && !is_error->is_bool())
    return invalid_request(place + ".is_error: must be a boolean");
  return check_content(event, place, Presence::optional);
}

Answer<void> check_confirmation(const codec::Json& event, const std::string& place) {
  if (event.get_string("tool_use_id") == nullptr)
    return invalid_request(place + ".tool_use_id: is required");
  const std::string* result = event.get_string("result");
  if (result == nullptr || !one_of(*result, {"allow", "deny"}))
    return invalid_request(place + ".result: must be allow or deny");
  if (const codec::Json* message = event.get("deny_message");
      message != nullptr && !message->is_null() && (!message->is_string() || *result == "allow"))
    return invalid_request(place + ".deny_message: a string, only with deny");
  return {};
}

Answer<void> check_event(const codec::Json& event, const std::string& place) {
  const std::string* type = event.get_string("type");
  if (type == nullptr) return invalid_request(place + ".type: is required");
  if (one_of(*type, {"user.message", "system.message"}))
    return check_content(event, place, Presence::required);
  if (*type == "user.tool_result") return check_result(event, place, "tool_use_id");
  if (*type == "user.custom_tool_result") return check_result(event, place, "custom_tool_use_id");
  if (*type == "user.tool_confirmation") return check_confirmation(event, place);
  if (*type == "user.interrupt") {
    const codec::Json* thread = event.get("session_thread_id");
    if (thread != nullptr && !thread->is_null() && !thread->is_string())
      return invalid_request(place + ".session_thread_id: must be a string");
    return {};
  }
  if (*type == "user.define_outcome") return {};
  return invalid_request(std::format("{}.type: {} cannot be posted", place, *type));
}

}  // namespace

Answer<codec::JsonArray> check_posted_events(const codec::Json& body) {
  const codec::JsonArray* events = body.get_array("events");
  if (events == nullptr || events->empty())
    return invalid_request("events: must be an array of at least one event");
  if (events->size() > kMaxPostedEvents)
    return invalid_request(std::format("events: more than {}", kMaxPostedEvents));
  for (std::size_t i = 0; i < events->size(); ++i)
    TRY(check_event((*events)[i], std::format("events[{}]", i)));
  return *events;
}

Answer<codec::JsonArray> check_initial_events(const codec::Json& body) {
  const codec::Json* field = body.get("initial_events");
  if (field == nullptr || field->is_null()) return codec::JsonArray{};
  const codec::JsonArray* events = field->as_array();
  if (events == nullptr || events->size() > kMaxInitialEvents)
    return invalid_request(
        std::format("initial_events: must be an array of at most {}", kMaxInitialEvents));
  for (std::size_t i = 0; i < events->size(); ++i) {
    const std::string place = std::format("initial_events[{}]", i);
    TRY(check_event((*events)[i], place));
    if (!one_of(*(*events)[i].get_string("type"), {"user.message", "user.define_outcome"}))
      return invalid_request(place + ".type: only user.message and user.define_outcome");
  }
  return *events;
}

}  // namespace glovebox::plane
