// /v1/sessions
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plane/event_log.h"
#include "plane/page.h"
#include "plane/route.h"

namespace glovebox::plane {
namespace {

Answer<Outcome> create(State& state, const RouteCall& call) {
  const codec::Json body = TRY(json_body(call.request));
  return json_reply(TRY(state.create_session(body))->session.to_json());
}

// What a list request asks for beyond its page.
struct SessionFilter {
  bool include_archived = false;
  const std::string* agent = nullptr;
  std::vector<std::string> statuses;
  EventFilter created;

  bool passes(const Session& session) const {
    if (session.deleted() || (session.archived() && !include_archived)) return false;
    const std::string* id = session.seed().agent.get_string("id");
    if (agent != nullptr && (id == nullptr || *id != *agent)) return false;
    if (!statuses.empty() &&
        std::ranges::find(statuses, to_string(session.status())) == statuses.end())
      return false;
    return created.passes("", session.created());
  }
};

Answer<SessionFilter> read_filter(const codec::Query& query) {
  SessionFilter filter;
  const std::string* archived = codec::find_query(query, "include_archived");
  filter.include_archived = archived != nullptr && *archived == "true";
  filter.agent = codec::find_query(query, "agent_id");
  for (const codec::QueryPair& pair : query)
    if (pair.name == "statuses[]" || pair.name == "statuses") filter.statuses.push_back(pair.value);
  filter.created = TRY(read_event_filter(query));
  filter.created.types.clear();
  return filter;
}

Answer<Outcome> list(State& state, const RouteCall& call) {
  const PageRequest page = TRY(
      read_page_request(call.request.query, "sessions", Order::descending, state.settings.pages));
  const SessionFilter filter = TRY(read_filter(call.request.query));
  std::vector<const Session*> found;
  std::vector<std::uint64_t> numbers;
  for (const auto& live : state.sessions()) {
    if (!filter.passes(live->session)) continue;
    found.push_back(&live->session);
    numbers.push_back(live->session.seed().number);
  }
  const PageCut cut = cut_page(numbers, page);
  codec::JsonArray data;
  for (const std::size_t index : cut.chosen) data.push_back(found[index]->to_json());
  return json_reply(page_json(std::move(data), cut, PageForm::both_ways));
}

Answer<Outcome> retrieve(State& state, const RouteCall& call) {
  return json_reply(TRY(state.find_session(call.ids[0], call.caller))->session.to_json());
}

Answer<Outcome> update(State& state, const RouteCall& call) {
  const codec::Json body = TRY(json_body(call.request));
  LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  TRY(live->session.update(body));
  return json_reply(live->session.to_json());
}

Answer<Outcome> archive(State& state, const RouteCall& call) {
  LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  live->session.archive();
  state.end_session(*live, "the session was archived");
  return json_reply(live->session.to_json());
}

Answer<Outcome> remove(State& state, const RouteCall& call) {
  LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  live->session.remove();
  state.end_session(*live, "the session was deleted");
  return json_reply(codec::Json::object({{"id", call.ids[0]}, {"type", "session_deleted"}}));
}

// A plane runs no subagents: every session has one thread.
Answer<Outcome> threads(State& state, const RouteCall& call) {
  const LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  return json_reply(page_json({live->session.thread_json()}, PageCut{}, PageForm::forward));
}

Answer<Outcome> thread(State& state, const RouteCall& call) {
  const LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  codec::Json json = live->session.thread_json();
  if (*json.get_string("id") != call.ids[1]) return not_found("thread not found");
  return json_reply(json);
}

using enum CredentialKind;
constexpr Gate kGate = Gate::managed_agents;
constexpr Route kRoutes[] = {
    {"sessions.create", "POST", "/v1/sessions", kGate, {api_key}, create},
    {"sessions.list", "GET", "/v1/sessions", kGate, {api_key}, list},
    {"sessions.retrieve",
     "GET",
     "/v1/sessions/{}",
     kGate,
     {api_key, environment_key, sessions_token},
     retrieve},
    {"sessions.update", "POST", "/v1/sessions/{}", kGate, {api_key}, update},
    {"sessions.archive", "POST", "/v1/sessions/{}/archive", kGate, {api_key}, archive},
    {"sessions.delete", "DELETE", "/v1/sessions/{}", kGate, {api_key}, remove},
    {"threads.list", "GET", "/v1/sessions/{}/threads", kGate, {api_key}, threads},
    {"threads.retrieve", "GET", "/v1/sessions/{}/threads/{}", kGate, {api_key}, thread},
};

}  // namespace

std::span<const Route> session_routes() {
  return kRoutes;
}

}  // namespace glovebox::plane
