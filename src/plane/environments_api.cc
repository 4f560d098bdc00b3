// /v1/environments
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plane/page.h"
#include "plane/route.h"

namespace glovebox::plane {
namespace {

Answer<Outcome> create(State& state, const RouteCall& call) {
  const codec::Json body = TRY(json_body(call.request));
  return json_reply(TRY(state.environments.create(body))->to_json());
}

Answer<Outcome> list(State& state, const RouteCall& call) {
  const PageRequest page = TRY(read_page_request(call.request.query, "environments",
                                                 Order::descending, state.settings.pages));
  const std::string* archived = codec::find_query(call.request.query, "include_archived");
  std::vector<const Environment*> found;
  std::vector<std::uint64_t> numbers;
  for (const Environment& environment : state.environments.all()) {
    if (environment.archived && (archived == nullptr || *archived != "true")) continue;
    found.push_back(&environment);
    numbers.push_back(environment.number);
  }
  const PageCut cut = cut_page(numbers, page);
  codec::JsonArray data;
  for (const std::size_t index : cut.chosen) data.push_back(found[index]->to_json());
  return json_reply(page_json(std::move(data), cut, PageForm::forward));
}

Answer<Outcome> retrieve(State& state, const RouteCall& call) {
  return json_reply(TRY(state.environments.find(call.ids[0]))->to_json());
}

Answer<Outcome> update(State& state, const RouteCall& call) {
  const codec::Json body = TRY(json_body(call.request));
  return json_reply(TRY(state.environments.update(call.ids[0], body))->to_json());
}

Answer<Outcome> archive(State& state, const RouteCall& call) {
  return json_reply(TRY(state.environments.archive(call.ids[0]))->to_json());
}

Answer<Outcome> remove(State& state, const RouteCall& call) {
  TRY(state.environments.remove(call.ids[0]));
  return json_reply(codec::Json::object({{"id", call.ids[0]}, {"type", "environment_deleted"}}));
}

constexpr Access kOwner{CredentialKind::api_key};
constexpr Route kRoutes[] = {
    {"environments.create", "POST", "/v1/environments", Gate::managed_agents, kOwner, create},
    {"environments.list", "GET", "/v1/environments", Gate::managed_agents, kOwner, list},
    {"environments.retrieve", "GET", "/v1/environments/{}", Gate::managed_agents, kOwner, retrieve},
    {"environments.update", "POST", "/v1/environments/{}", Gate::managed_agents, kOwner, update},
    {"environments.archive", "POST", "/v1/environments/{}/archive", Gate::managed_agents, kOwner,
     archive},
    {"environments.delete", "DELETE", "/v1/environments/{}", Gate::managed_agents, kOwner, remove},
};

}  // namespace

std::span<const Route> environment_routes() {
  return kRoutes;
}

}  // namespace glovebox::plane
