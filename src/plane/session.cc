#include "plane/session.h"

#include <utility>

#include "base/result.h"
#include "plane/environment_store.h"
#include "plane/ids.h"

namespace glovebox::plane {

std::string_view to_string(SessionStatus status) {
  switch (status) {
    case SessionStatus::idle:
      return "idle";
    case SessionStatus::running:
      return "running";
    case SessionStatus::terminated:
      return "terminated";
  }
  return "terminated";
}

namespace {

codec::Json event(std::string_view type) {
  return codec::Json::object({{"type", type}});
}

bool is_result(std::string_view type) {
  return type == "user.tool_result" || type == "user.custom_tool_result";
}

bool begins_turn(std::string_view type) {
  return type == "user.message" || type == "user.define_outcome";
}

// Results and outcomes are processed on receipt, everything else is queued first.
codec::Json echo_of(codec::Json stored, std::string_view type) {
  if (!is_result(type) && type != "user.define_outcome")
    stored.as_object()->set("processed_at", codec::Json());
  return stored;
}

}  // namespace

Session::Session(const Clock& clock, Random& random, SessionSeed seed)
    : clock_(clock),
      seed_(std::move(seed)),
      thread_(make_id(random, "sthr_")),
      log_(clock, random),
      created_(clock.wall()),
      updated_(created_) {}

codec::Json Session::to_json() const {
  return codec::Json::object({{"id", seed_.id},
                              {"type", "session"},
                              {"status", plane::to_string(status_)},
                              {"environment_id", seed_.environment},
                              {"title", seed_.title ? codec::Json(*seed_.title) : codec::Json()},
                              {"metadata", seed_.metadata},
                              {"agent", seed_.agent},
                              {"resources", seed_.resources},
                              {"vault_ids", seed_.vault_ids},
                              {"usage", codec::Json::object()},
                              {"stats", codec::Json::object()},
                              {"budget", seed_.budget},
                              {"outcome_evaluations", codec::Json::array()},
                              {"created_at", to_rfc3339(created_)},
                              {"updated_at", to_rfc3339(updated_)},
                              {"archived_at", time_json(archived_)}});
}

codec::Json Session::thread_json() const {
  return codec::Json::object({{"id", thread_},
                              {"type", "session_thread"},
                              {"session_id", seed_.id},
                              {"parent_thread_id", codec::Json()},
                              {"agent", seed_.agent},
                              {"status", plane::to_string(status_)},
                              {"usage", codec::Json::object()},
                              {"stats", codec::Json::object()},
                              {"created_at", to_rfc3339(created_)},
                              {"updated_at", to_rfc3339(updated_)},
                              {"archived_at", time_json(archived_)}});
}

Answer<Posted> Session::post(const codec::JsonArray& events, CredentialKind sender) {
  if (status_ == SessionStatus::terminated)
    return invalid_request("the session is terminated and takes no events");
  // First on a copy of the calls, so that a refused event leaves nothing behind of its batch.
  CallTable trial = calls_;
  for (const codec::Json& each : events) {
    const std::string& type = *each.get_string("type");
    if (type == "user.tool_result" && sender == CredentialKind::api_key)
      return forbidden("user.tool_result: not with an API key");
    if (is_result(type)) TRY(trial.answer(each));
    if (type == "user.tool_confirmation") TRY(trial.confirm(each));
    if (type == "user.interrupt") trial.interrupt();
  }
  Posted posted;
  for (const codec::Json& each : events) {
    const std::string& type = *each.get_string("type");
    const codec::Json stored = log_.append(each);
    posted.echo.push_back(echo_of(stored, type));
    if (is_result(type)) posted.results.push_back(stored);
    if (type == "user.tool_confirmation" && *each.get_string("result") == "deny")
      posted.denied.push_back(*each.get_string("tool_use_id"));
    if (type == "user.interrupt") {
      posted.needs_worker = true;
      if (in_turn_) end_turn();
    } else if (begins_turn(type)) {
      posted.needs_worker = true;
      begin_turn();
    }
  }
  calls_ = std::move(trial);
  settle();
  touch();
  return posted;
}

Answer<void> Session::update(const codec::Json& body) {
  if (archived_) return invalid_request("the session is archived");
  std::optional<std::string> title = TRY(string_field(body, "title"));
  codec::JsonObject metadata =
      TRY(merged_metadata(seed_.metadata, body.get("metadata"), EmptyValue::keeps_key));
  if (const codec::Json* vaults = body.get("vault_ids")) {
    if (!vaults->is_array()) return invalid_request("vault_ids: must be an array");
    seed_.vault_ids = *vaults->as_array();
  }
  if (body.get("title") != nullptr) seed_.title = std::move(title);
  if (const codec::Json* budget = body.get("budget")) seed_.budget = *budget;
  if (const codec::Json* agent = body.get("agent")) {
    for (const std::string_view name : {"tools", "mcp_servers"})
      if (const codec::JsonArray* list = agent->get_array(name))
        seed_.agent.as_object()->set(std::string(name), *list);
  }
  seed_.metadata = std::move(metadata);
  log_.append(event("session.updated"));
  touch();
  return {};
}

void Session::begin_turn() {
  if (in_turn_) return;
  in_turn_ = true;
  announced_.clear();
  status_ = SessionStatus::running;
  log_.append(event("session.status_running"));
}

std::vector<std::string> Session::emit(const codec::JsonArray& events) {
  std::vector<std::string> ids;
  if (status_ == SessionStatus::terminated) return ids;
  begin_turn();
  for (const codec::Json& each : events) {
    const codec::Json& stored = log_.append(each);
    calls_.add(stored);
    ids.push_back(*stored.get_string("id"));
  }
  settle();
  touch();
  return ids;
}

// Says what the session waits for whenever that has changed.
void Session::settle() {
  if (!in_turn_) return;
  std::vector<std::string> waiting = calls_.waiting();
  if (waiting == announced_) return;
  announced_ = std::move(waiting);
  if (announced_.empty()) {
    status_ = SessionStatus::running;
    log_.append(event("session.status_running"));
    return;
  }
  codec::JsonArray ids(announced_.begin(), announced_.end());
  go_idle(codec::Json::object({{"type", "requires_action"}, {"event_ids", std::move(ids)}}));
}

void Session::go_idle(codec::Json stop_reason) {
  status_ = SessionStatus::idle;
  codec::Json idle = event("session.status_idle");
  idle.as_object()->set("stop_reason", std::move(stop_reason));
  idle.as_object()->set("stop_details", codec::Json());
  log_.append(std::move(idle));
}

void Session::end_turn(std::string_view stop_reason) {
  if (!in_turn_) return;
  in_turn_ = false;
  announced_.clear();
  calls_.interrupt();
  go_idle(codec::Json::object({{"type", stop_reason}}));
  touch();
}

void Session::terminate() {
  if (status_ == SessionStatus::terminated) return;
  status_ = SessionStatus::terminated;
  in_turn_ = false;
  calls_.interrupt();
  log_.append(event("session.status_terminated"));
}

void Session::archive() {
  if (archived_) return;
  terminate();
  archived_ = clock_.wall();
  touch();
}

void Session::remove() {
  if (deleted_) return;
  status_ = SessionStatus::terminated;
  in_turn_ = false;
  deleted_ = true;
  log_.append(event("session.deleted"));
}

}  // namespace glovebox::plane
