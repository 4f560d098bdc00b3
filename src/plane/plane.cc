#include "plane/plane.h"

#include <format>
#include <utility>
#include <variant>

#include "base/result.h"
#include "codec/http_head.h"
#include "codec/sse.h"
#include "plane/ids.h"

namespace glovebox::plane {
namespace {

constexpr std::string_view kBeta = "managed-agents-2026-04-01";

// Whether a comma list in any field of that name has the member.
bool has_member(const Request& request, std::string_view name, std::string_view member) {
  for (const Header& header : request.headers) {
    if (header.name != name) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      std::string_view part = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      while (part.starts_with(' ')) part.remove_prefix(1);
      while (part.ends_with(' ')) part.remove_suffix(1);
      if (part == member) return true;
    }
  }
  return false;
}

Answer<void> check_version(const Request& request) {
  const std::string* version = request.header("anthropic-version");
  if (version == nullptr) return invalid_request("anthropic-version: header is required");
  if (!parse_time(*version + "T00:00:00Z"))
    return invalid_request("anthropic-version: must be a date");
  return {};
}

// A request that is hit is not done at all if nothing of its own answer would be seen.
bool is_swallowed(const Fault& fault, const RouteMatch& match) {
  if (fault.applied) return false;
  return fault.replaces_answer() || fault.cut == Cut::before ||
         (fault.stall && match.route->name != "events.stream");
}

std::string_view describe(const Fault& fault) {
  if (fault.cut != Cut::none) return "cut";
  if (fault.stall) return "stall";
  if (fault.status) return "status";
  if (fault.body) return "body";
  if (fault.malformed) return "malformed";
  if (fault.lose_lease) return "lose_lease";
  if (fault.force_stop) return "force_stop";
  if (fault.trickle.count() > 0) return "trickle";
  if (fault.events != EventFault{}) return "events";
  if (!fault.insert.empty() || fault.oversized > 0) return "insert";
  return "delay";
}

// In place of the answer: an error, or a body that is given.
Reply replacement(const Fault& fault, std::string_view request_id) {
  const int status = fault.status.value_or(200);
  if (fault.body) return {status, {{"content-type", "application/json"}}, *fault.body};
  if (status == 204) return {status, {}, ""};
  const std::string type =
      fault.error_type.empty() ? std::string(error_type_of(status)) : fault.error_type;
  return error_reply(
      {status, type, fault.message.empty() ? "a fault on demand" : fault.message, {}}, request_id);
}

void disturb_page(const EventFault& fault, Reply& reply) {
  if (fault == EventFault{} || reply.status != 200) return;
  Result<codec::Json> page = codec::parse_json(reply.body);
  codec::Json* data = page && page->is_object() ? page->as_object()->find("data") : nullptr;
  if (data == nullptr || !data->is_array()) return;
  *data = disturbed(fault, std::move(*data->as_array()));
  reply.body = codec::to_json(*page);
}

}  // namespace

Plane::Plane(const Clock& clock, Random& random, PlaneSettings settings, Rehearsals rehearsals)
    : state_(clock, random, std::move(settings), std::move(rehearsals)) {}

Answer<Outcome> Plane::answer(const Request& request, const RouteMatch& match, Attempt attempt,
                              std::string& credential) {
  const Route& route = *match.route;
  Caller caller;
  if (route.gate == Gate::managed_agents) {
    TRY(check_version(request));
    caller = TRY(identify(request, state_.keys, state_.tokens));
    credential = to_string(caller.kind);
    if (!has_member(request, "anthropic-beta", kBeta))
      return not_found(std::format("{} {} needs the beta {}", route.method, request.path, kBeta));
    if (!route.access.has(caller.kind))
      return forbidden(std::format("{}: not with this kind of credential", route.name));
  }
  return route.handler(state_, {request, caller, match.ids, attempt});
}

void Plane::break_lease(const Fault& fault, const RouteMatch& match) {
  if (!fault.lose_lease && !fault.force_stop) return;
  for (const std::string& id : match.ids) {
    WorkItem* item = state_.work.find_any(id);
    if (item == nullptr) continue;
    if (fault.lose_lease) state_.work.lose_lease(*item);
    if (fault.force_stop && item->state != WorkState::stopped) {
      // Stopping something that is held asks its holder first; force ends it.
      const Answer<const WorkItem*> stopped =
          state_.work.stop(item->environment, item->id, WorkQueue::Force::yes);
      if (!stopped) continue;
    }
  }
}

Handled Plane::handle(const Request& request, Attempt attempt) {
  const std::string request_id = make_id(state_.random, "req_");
  const std::optional<RouteMatch> match = find_route(request.method, request.path);
  Handled handled{Reply{}, std::nullopt};
  std::string credential;
  const bool control = match && match->route->gate == Gate::control;
  if (match && !control && attempt == Attempt::first) {
    const Answer<Caller> caller = identify(request, state_.keys, state_.tokens);
    handled.fault = state_.faults.strike(match->route->name,
                                         caller ? std::optional(caller->kind) : std::nullopt);
    if (handled.fault) break_lease(*handled.fault, *match);
  }
  const Fault fault = handled.fault.value_or(Fault{});
  if (!match) {
    handled.outcome = error_reply(
        not_found(std::format("{} {} is not served by this plane", request.method, request.path)),
        request_id);
  } else if (!is_swallowed(fault, *match)) {
    Answer<Outcome> outcome = answer(request, *match, attempt, credential);
    handled.outcome =
        outcome ? *std::move(outcome) : Outcome(error_reply(outcome.error(), request_id));
  }
  if (fault.replaces_answer()) handled.outcome = replacement(fault, request_id);
  if (std::holds_alternative<Blocked>(handled.outcome)) return handled;
  if (Reply* reply = std::get_if<Reply>(&handled.outcome)) {
    if (match && match->route->name == "events.list") disturb_page(fault.events, *reply);
    reply->headers.push_back({"request-id", request_id});
    reply->headers.insert(reply->headers.end(), fault.headers.begin(), fault.headers.end());
    if (fault.retry_after_date) {
      const WallTime until{state_.clock.wall().microseconds +
                           microseconds(*fault.retry_after_date).count()};
      reply->headers.push_back({"retry-after", codec::format_http_date(until)});
    }
  }
  if (EventStream* stream = std::get_if<EventStream>(&handled.outcome))
    stream->fault = fault.events;
  if (!control) {
    const Reply* reply = std::get_if<Reply>(&handled.outcome);
    state_.trace.record(request, match ? match->route->name : "", credential,
                        fault.cut == Cut::before ? 0
                        : reply != nullptr       ? reply->status
                                                 : 200,
                        handled.fault ? describe(fault) : "");
  }
  return handled;
}

StreamRead Plane::read(EventStream& stream) {
  StreamRead read;
  const LiveSession* live = state_.find_session(stream.session);
  if (live == nullptr) {
    read.ended = true;
    return read;
  }
  const std::vector<Event>& events = live->session.log().all();
  const auto show = [&](const codec::Json& event) {
    const std::string* type = event.get_string("type");
    Result<std::string> frame =
        codec::format_sse(type != nullptr ? *type : "", codec::to_json(event));
    if (frame) read.frames.push_back(*std::move(frame));
  };
  codec::JsonArray fresh;
  for (; stream.next <= events.size(); ++stream.next) {
    const codec::Json& body = events[stream.next - 1].body;
    if (stream.fault == EventFault{})
      show(body);
    else
      fresh.push_back(body);
  }
  if (!fresh.empty())
    for (const codec::Json& event : disturbed(stream.fault, std::move(fresh))) show(event);
  read.ended = live->session.deleted();
  return read;
}

}  // namespace glovebox::plane
