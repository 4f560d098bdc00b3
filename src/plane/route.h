// The routes of the API: who may take them, and what answers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/units.h"
#include "plane/credential.h"
#include "plane/event_fault.h"
#include "plane/message.h"
#include "plane/state.h"

namespace glovebox::plane {

// A poll that may wait is tried again when something has changed; the last attempt answers.
enum class Attempt : std::uint8_t { first, again, last };

// The events of a session from `next` on, for as long as the client listens.
struct EventStream {
  std::string session;
  std::uint64_t next = 1;
  EventFault fault;
};
struct Blocked {
  milliseconds wait{0};  // for how long in all
};
using Outcome = std::variant<Reply, EventStream, Blocked>;

struct RouteCall {
  const Request& request;
  const Caller& caller;
  std::vector<std::string> ids;  // the path's variable segments, decoded
  Attempt attempt;
};
using RouteHandler = Answer<Outcome> (*)(State& state, const RouteCall& call);

// managed_agents: 404 without that beta header. control: the plane's own routes, no credential.
enum class Gate : std::uint8_t { managed_agents, control };

struct Route {
  std::string_view name;  // `work.poll`
  std::string_view method;
  std::string_view pattern;  // `/v1/environments/{}/work/poll`
  Gate gate;
  Access access;
  RouteHandler handler;
};

std::span<const Route> environment_routes();
std::span<const Route> work_routes();
std::span<const Route> session_routes();
std::span<const Route> event_routes();
std::span<const Route> control_routes();

// The variable segments if `path` fits the pattern; a trailing slash is ignored.
std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::string_view path);

struct RouteMatch {
  const Route* route;
  std::vector<std::string> ids;
};
// A fixed segment is preferred to a variable one.
std::optional<RouteMatch> find_route(std::string_view method, std::string_view path);

}  // namespace glovebox::plane
