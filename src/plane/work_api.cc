// /v1/environments/{id}/work
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plane/page.h"
#include "plane/route.h"

namespace glovebox::plane {
namespace {

constexpr std::int64_t kMaxBlock = 999;
constexpr std::int64_t kMaxReclaim = 86'400'000;

// An environment key reaches its own queue only, a sessions token its own item only.
Answer<void> check_reach(State& state, const RouteCall& call) {
  if (call.caller.kind != CredentialKind::api_key && call.caller.environment != call.ids[0])
    return forbidden("this credential belongs to another environment");
  if (call.caller.kind == CredentialKind::sessions_token &&
      (call.ids.size() < 2 || call.caller.work != call.ids[1]))
    return forbidden("this credential belongs to another work item");
  TRY(state.environments.find(call.ids[0]));
  return {};
}

Reply empty_poll(EmptyPoll form) {
  switch (form) {
    case EmptyPoll::null_body:
      return json_reply(codec::Json());
    case EmptyPoll::no_content:
      return {204, {}, ""};
    case EmptyPoll::empty_body:
      return {200, {{"content-type", "application/json"}}, ""};
  }
  return json_reply(codec::Json());
}

Answer<Outcome> poll(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  const codec::Query& query = call.request.query;
  const auto block = TRY(number_parameter(query, "block_ms", 1, kMaxBlock));
  const auto reclaim = TRY(number_parameter(query, "reclaim_older_than_ms", 0, kMaxReclaim));
  const WorkItem* item = state.work.poll(call.ids[0], call.request.header("anthropic-worker-id"),
                                         reclaim ? milliseconds(*reclaim) : kDefaultReclaim);
  if (item != nullptr) {
    const std::string secret = state.make_secret(*item);
    return json_reply(item->to_json(secret.empty() ? std::nullopt : std::optional(secret)));
  }
  if (block && call.attempt != Attempt::last) return Blocked{milliseconds(*block)};
  return empty_poll(state.settings.empty_poll);
}

Answer<Outcome> acknowledge(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  return json_reply(TRY(state.work.acknowledge(call.ids[0], call.ids[1]))->to_json());
}

Answer<Outcome> heartbeat(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  const codec::Query& query = call.request.query;
  const auto ttl = TRY(number_parameter(query, "desired_ttl_seconds", 1, kMaxTtl.count()));
  const std::string* expected = codec::find_query(query, "expected_last_heartbeat");
  return json_reply(TRY(state.work.heartbeat(
      call.ids[0], call.ids[1], expected != nullptr ? std::optional(*expected) : std::nullopt,
      ttl ? std::optional(seconds(*ttl)) : std::nullopt)));
}

Answer<Outcome> stop(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  const codec::Json body = TRY(json_body(call.request));
  const bool force = TRY(bool_field(body, "force")).value_or(false);
  return json_reply(TRY(state.work.stop(call.ids[0], call.ids[1],
                                        force ? WorkQueue::Force::yes : WorkQueue::Force::no))
                        ->to_json());
}

Answer<Outcome> list(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  const PageRequest page = TRY(read_page_request(call.request.query, "work/" + call.ids[0],
                                                 Order::descending, state.settings.pages));
  const std::vector<const WorkItem*> items = state.work.list(call.ids[0]);
  std::vector<std::uint64_t> numbers;
  numbers.reserve(items.size());
  for (const WorkItem* item : items) numbers.push_back(item->number);
  const PageCut cut = cut_page(numbers, page);
  codec::JsonArray data;
  data.reserve(cut.chosen.size());
  for (const std::size_t index : cut.chosen) data.push_back(items[index]->to_json());
  return json_reply(page_json(std::move(data), cut, PageForm::forward));
}

Answer<Outcome> stats(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  return json_reply(state.work.stats(call.ids[0]).to_json());
}

Answer<Outcome> retrieve(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  return json_reply(TRY(state.work.find(call.ids[0], call.ids[1]))->to_json());
}

Answer<Outcome> update(State& state, const RouteCall& call) {
  TRY(check_reach(state, call));
  const codec::Json body = TRY(json_body(call.request));
  return json_reply(TRY(state.work.update(call.ids[0], call.ids[1], body))->to_json());
}

using enum CredentialKind;
constexpr Gate kGate = Gate::managed_agents;
constexpr Route kRoutes[] = {
    {"work.poll", "GET", "/v1/environments/{}/work/poll", kGate, {environment_key}, poll},
    {"work.stats",
     "GET",
     "/v1/environments/{}/work/stats",
     kGate,
     {api_key, environment_key},
     stats},
    {"work.list", "GET", "/v1/environments/{}/work", kGate, {api_key, environment_key}, list},
    {"work.ack",
     "POST",
     "/v1/environments/{}/work/{}/ack",
     kGate,
     {environment_key, sessions_token},
     acknowledge},
    {"work.heartbeat",
     "POST",
     "/v1/environments/{}/work/{}/heartbeat",
     kGate,
     {environment_key, sessions_token},
     heartbeat},
    {"work.stop",
     "POST",
     "/v1/environments/{}/work/{}/stop",
     kGate,
     {api_key, environment_key, sessions_token},
     stop},
    {"work.retrieve", "GET", "/v1/environments/{}/work/{}", kGate, {api_key}, retrieve},
    {"work.update", "POST", "/v1/environments/{}/work/{}", kGate, {api_key}, update},
};

}  // namespace

std::span<const Route> work_routes() {
  return kRoutes;
}

}  // namespace glovebox::plane
