// /_plane: what the real service has not. For tests and for the rehearse command.
#include <cstddef>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plane/ids.h"
#include "plane/page.h"
#include "plane/rehearsal.h"
#include "plane/route.h"
#include "policy/diagnostic.h"

namespace glovebox::plane {
namespace {

Reply done() {
  return json_reply(codec::Json::object({{"ok", true}}));
}

Answer<LiveSession*> any_session(State& state, const std::string& id) {
  LiveSession* live = state.find_session(id);
  if (live == nullptr) return not_found(std::format("session {} not found", id));
  return live;
}

Answer<Outcome> add_faults(State& state, const RouteCall& call) {
  const Result<codec::Json> body = codec::parse_json(call.request.body);
  if (!body) return invalid_request(body.error().message());
  TRY(state.faults.add(*body));
  return json_reply(state.faults.report());
}

Answer<Outcome> list_faults(State& state, const RouteCall&) {
  return json_reply(state.faults.report());
}

Answer<Outcome> clear_faults(State& state, const RouteCall&) {
  state.faults.clear();
  return done();
}

Answer<Outcome> read_trace(State& state, const RouteCall& call) {
  const auto after = TRY(number_parameter(call.request.query, "after", 0, std::int64_t{1} << 53));
  return json_reply(state.trace.report(static_cast<std::uint64_t>(after.value_or(0))));
}

Answer<Outcome> clear_trace(State& state, const RouteCall&) {
  state.trace.clear();
  return done();
}

Answer<Outcome> healthcheck(State& state, const RouteCall& call) {
  const codec::Json body = TRY(json_body(call.request));
  const std::string id =
      TRY(string_field(body, "environment_id")).value_or(std::string(kFirstEnvironment));
  TRY(state.environments.find(id));
  return json_reply(
      state.work.add(id, WorkKind::healthcheck, make_id(state.random, "hc_")).to_json());
}

Answer<Outcome> lose_lease(State& state, const RouteCall& call) {
  WorkItem* item = state.work.find_any(call.ids[0]);
  if (item == nullptr) return not_found(std::format("work {} not found", call.ids[0]));
  state.work.lose_lease(*item);
  return json_reply(item->to_json());
}

// {events:[{type, …}], end_turn?: bool}: plays the brain of a session by hand.
Answer<Outcome> emit(State& state, const RouteCall& call) {
  const codec::Json body = TRY(json_body(call.request));
  LiveSession* live = TRY(any_session(state, call.ids[0]));
  codec::JsonArray ids;
  if (const codec::JsonArray* events = body.get_array("events")) {
    for (const codec::Json& event : *events)
      if (event.get_string("type") == nullptr) return invalid_request("events: each has a type");
    for (std::string& id : state.emit(*live, *events)) ids.push_back(std::move(id));
  }
  if (TRY(bool_field(body, "end_turn")).value_or(false)) live->session.end_turn();
  return json_reply(codec::Json::object({{"ids", std::move(ids)}}));
}

Answer<Outcome> list_rehearsals(State& state, const RouteCall&) {
  codec::JsonArray names;
  for (const auto& [name, rehearsal] : state.rehearsals)
    names.push_back(codec::Json::object({{"name", name}, {"about", rehearsal.about}}));
  return json_reply(codec::Json(std::move(names)));
}

Answer<Outcome> put_rehearsal(State& state, const RouteCall& call) {
  auto rehearsal = parse_rehearsal(call.ids[0], call.request.body);
  if (!rehearsal) return invalid_request(policy::to_text(rehearsal.error(), call.request.body));
  state.rehearsals.insert_or_assign(call.ids[0], *std::move(rehearsal));
  return done();
}

Answer<Outcome> read_rehearsal(State& state, const RouteCall& call) {
  const LiveSession* live = TRY(any_session(state, call.ids[0]));
  if (live->run == nullptr) return not_found("the session has no rehearsal");
  return json_reply(live->run->report());
}

Answer<Outcome> read_key(State& state, const RouteCall& call) {
  TRY(state.environments.find(call.ids[0]));
  return json_reply(codec::Json::object({{"environment_key", state.keys.current(call.ids[0])}}));
}

// {tokens?: "keep" (default) or "revoke"}: another environment key; the old one is refused.
Answer<Outcome> rotate_key(State& state, const RouteCall& call) {
  TRY(state.environments.find(call.ids[0]));
  const codec::Json body = TRY(json_body(call.request));
  const std::string tokens = TRY(string_field(body, "tokens")).value_or("keep");
  if (tokens != "keep" && tokens != "revoke")
    return invalid_request("tokens: must be keep or revoke");
  state.keys.rotate(call.ids[0]);
  if (tokens == "revoke") state.tokens.revoke(call.ids[0]);
  return read_key(state, call);
}

template <class E, std::size_t N>
Answer<void> choose(const codec::Json& body, std::string_view name,
                    const std::pair<std::string_view, E> (&words)[N], E& setting) {
  const std::optional<std::string> given = TRY(string_field(body, name));
  if (!given) return {};
  for (const auto& [word, meaning] : words) {
    if (word != *given) continue;
    setting = meaning;
    return {};
  }
  return invalid_request(std::format("{}: unknown value {}", name, *given));
}

// {ttl_seconds?, page?, secret?, empty_poll?}
Answer<Outcome> change_settings(State& state, const RouteCall& call) {
  constexpr std::pair<std::string_view, SecretForm> kSecrets[] = {
      {"usual", SecretForm::usual},
      {"with_base_url", SecretForm::with_base_url},
      {"none", SecretForm::none},
      {"garbage", SecretForm::garbage},
      {"empty_token", SecretForm::empty_token}};
  constexpr std::pair<std::string_view, EmptyPoll> kEmptyPolls[] = {
      {"null", EmptyPoll::null_body},
      {"204", EmptyPoll::no_content},
      {"empty", EmptyPoll::empty_body}};
  const codec::Json body = TRY(json_body(call.request));
  PlaneSettings settings = state.settings;
  TRY(choose(body, "secret", kSecrets, settings.secret));
  TRY(choose(body, "empty_poll", kEmptyPolls, settings.empty_poll));
  if (const auto ttl = body.get_int("ttl_seconds")) {
    if (*ttl < 1 || *ttl > kMaxTtl.count()) return invalid_request("ttl_seconds: out of range");
    settings.ttl = seconds(*ttl);
  }
  if (const auto page = body.get_int("page")) {
    if (*page < 1 || *page > kMaxPageLimit) return invalid_request("page: out of range");
    settings.pages.most = static_cast<std::size_t>(*page);
  }
  state.settings = std::move(settings);
  state.work.set_ttl(state.settings.ttl);
  return done();
}

constexpr Gate kGate = Gate::control;
constexpr Route kRoutes[] = {
    {"control.faults.add", "POST", "/_plane/faults", kGate, {}, add_faults},
    {"control.faults.list", "GET", "/_plane/faults", kGate, {}, list_faults},
    {"control.faults.clear", "DELETE", "/_plane/faults", kGate, {}, clear_faults},
    {"control.trace.read", "GET", "/_plane/trace", kGate, {}, read_trace},
    {"control.trace.clear", "DELETE", "/_plane/trace", kGate, {}, clear_trace},
    {"control.healthcheck", "POST", "/_plane/healthcheck", kGate, {}, healthcheck},
    {"control.settings", "POST", "/_plane/settings", kGate, {}, change_settings},
    {"control.key", "GET", "/_plane/environments/{}/key", kGate, {}, read_key},
    {"control.rotate_key", "POST", "/_plane/environments/{}/rotate_key", kGate, {}, rotate_key},
    {"control.lose_lease", "POST", "/_plane/work/{}/lose_lease", kGate, {}, lose_lease},
    {"control.emit", "POST", "/_plane/sessions/{}/emit", kGate, {}, emit},
    {"control.rehearsals.list", "GET", "/_plane/rehearsals", kGate, {}, list_rehearsals},
    {"control.rehearsals.put", "PUT", "/_plane/rehearsals/{}", kGate, {}, put_rehearsal},
    {"control.rehearsals.read", "GET", "/_plane/rehearsals/{}", kGate, {}, read_rehearsal},
};

}  // namespace

std::span<const Route> control_routes() {
  return kRoutes;
}

}  // namespace glovebox::plane
