// /v1/sessions/{id}/events
#include <cstddef>
#include <string>
#include <utility>

#include "base/result.h"
#include "plane/event_check.h"
#include "plane/event_log.h"
#include "plane/page.h"
#include "plane/route.h"

namespace glovebox::plane {
namespace {

constexpr std::size_t kMaxDeltas = 100;

Answer<Outcome> list(State& state, const RouteCall& call) {
  const LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  const PageRequest page = TRY(read_page_request(call.request.query, "events/" + call.ids[0],
                                                 Order::ascending, state.settings.pages));
  return json_reply(live->session.log().page(page, TRY(read_event_filter(call.request.query))));
}

Answer<Outcome> send(State& state, const RouteCall& call) {
  LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  const codec::JsonArray events = TRY(check_posted_events(TRY(json_body(call.request))));
  codec::JsonArray echo = TRY(state.post(*live, events, call.caller.kind));
  return json_reply(codec::Json::object({{"data", std::move(echo)}}));
}

// Deltas are accepted and never sent: a rehearsed message is there at once, as a whole.
Answer<Outcome> stream(State& state, const RouteCall& call) {
  const LiveSession* live = TRY(state.find_session(call.ids[0], call.caller));
  std::size_t deltas = 0;
  for (const codec::QueryPair& pair : call.request.query) {
    if (pair.name != "event_deltas[]" && pair.name != "event_deltas") continue;
    if (pair.value != "agent.message" && pair.value != "agent.thinking")
      return invalid_request("event_deltas: must be agent.message or agent.thinking");
    if (++deltas > kMaxDeltas) return invalid_request("event_deltas: too many");
  }
  return EventStream{call.ids[0], live->session.log().last() + 1, {}};
}

using enum CredentialKind;
constexpr Gate kGate = Gate::managed_agents;
constexpr Access kEverybody{api_key, environment_key, sessions_token};
constexpr Route kRoutes[] = {
    {"events.list", "GET", "/v1/sessions/{}/events", kGate, kEverybody, list},
    {"events.send", "POST", "/v1/sessions/{}/events", kGate, kEverybody, send},
    {"events.stream", "GET", "/v1/sessions/{}/events/stream", kGate, kEverybody, stream},
};

}  // namespace

std::span<const Route> event_routes() {
  return kRoutes;
}

}  // namespace glovebox::plane
