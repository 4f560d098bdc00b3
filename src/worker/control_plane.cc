#include "worker/control_plane.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "worker/poll_schedule.h"

namespace glovebox::worker {

namespace {

constexpr std::string_view kBeta = "managed-agents-2026-04-01";
// Of one try: an answer that late helps nobody, and another try may still be in time.
constexpr Duration kToHeaders = seconds(20);
constexpr Duration kBodyGrace = seconds(10);
constexpr Duration kPollPatience = seconds(15);  // it is answered within a second

constexpr int kWorkPage = 100;  // items

// Whether the control plane may have done what was asked, although it did not say so.
bool may_be_done(const Result<net::Response>& response) {
  return !response || response->status == 408 || response->status >= 500;
}

std::string work_path(std::string_view environment, std::string_view rest) {
  return "/v1/environments/" + codec::percent_encode_segment(environment) + "/work" +
         std::string(rest);
}

std::string item_path(std::string_view environment, std::string_view work, std::string_view verb) {
  return work_path(environment, "/" + codec::percent_encode_segment(work) + std::string(verb));
}

std::string session_path(std::string_view session, std::string_view rest) {
  return "/v1/sessions/" + codec::percent_encode_segment(session) + std::string(rest);
}

RetryHints hints_of(const net::Fields& fields) {
  const auto text = [&](std::string_view name) -> std::optional<std::string> {
    const auto value = fields.find(name);
    return value ? std::optional<std::string>(*value) : std::nullopt;
  };
  return {text("x-should-retry"), text("retry-after-ms"), text("retry-after"), text("date")};
}

// Of bytes, in the time without an event after which a stream is not believed any more.
constexpr int kEventSilence = 5;

net::ClientLimits limits_of(const ApiSettings& settings) {
  net::ClientLimits limits;
  limits.message.body = ByteLimit(64 * kMiB);
  limits.to_headers = kToHeaders;
  limits.idle_body = settings.stream_silence;
  limits.grace = kBodyGrace;
  return limits;
}

}  // namespace

ApiError api_error_of(const net::Response& response) {
  return parse_api_error(response.status, response.body, response.request_id());
}

ControlPlane::ControlPlane(net::Loop& loop, net::Connector& connector, codec::BaseUrl base,
                           const ApiSettings& settings, Random& random)
    : loop_(loop),
      random_(random),
      version_(settings.version),
      event_silence_(kEventSilence * settings.stream_silence),
      client_(loop, connector, std::move(base), settings.user_agent, limits_of(settings)) {}

net::Request ControlPlane::request_of(const Call& call, const Secret* credential) const {
  net::Request request;
  request.method = call.method;
  request.path = call.path;
  request.fields.add("accept", "application/json");
  request.fields.add("anthropic-version", version_);
  request.fields.add("anthropic-beta", std::string(kBeta));
  if (!call.worker_id.empty()) request.fields.add("Anthropic-Worker-ID", call.worker_id);
  if (call.has_body) request.fields.add("content-type", "application/json");
  request.body = call.body;
  request.has_body = call.has_body || call.method == "POST";
  request.bearer = credential;
  return request;
}

net::Task<Result<net::Response>> ControlPlane::send(Call call, Access access,
                                                    net::Patience patience) {
  Backoff backoff(kCallBackoffFirst, kCallBackoffCap);
  const Secret* credential = access.first ? access.first : access.second;
  for (unsigned tried = 0;; ++tried) {
    auto response = co_await client_.send(request_of(call, credential), patience);
    RetryHints hints;
    if (response) {
      const bool other = access.second && credential != access.second;
      if (response->status == 401 && other) {
        credential = access.second;
        continue;
      }
      hints = hints_of(response->fields);
      if (!should_retry(response->status, hints)) co_return response;
    } else if (response.error().kind() == ErrorKind::cancelled ||
               response.error().kind() == ErrorKind::invalid ||
               response.error().kind() == ErrorKind::limit) {
      co_return response;
    }
    if (tried >= call.retries) co_return response;
    if (call.in_doubt != nullptr && may_be_done(response)) *call.in_doubt = true;
    const Duration wait = call_wait(hints, backoff, random_, loop_.clock().wall());
    if (patience.deadline && loop_.now() + wait >= *patience.deadline) co_return response;
    if (auto slept = co_await loop_.sleep(wait, patience); !slept) co_return slept.error();
  }
}

// What returns a Task takes its parameters by value, whether or not it is a coroutine itself.
// NOLINTBEGIN(performance-unnecessary-value-param)
net::Task<Result<net::Response>> ControlPlane::poll(std::string environment, std::string worker_id,
                                                    Access access, net::Patience patience) {
  Call call{.method = "GET"};
  call.path = work_path(environment, "/poll?block_ms=" + std::to_string(kPollBlockMilliseconds));
  call.worker_id = std::move(worker_id);
  return send(std::move(call), access, patience.no_later_than(loop_.now() + kPollPatience));
}

net::Task<Result<net::Response>> ControlPlane::ack(std::string environment, std::string work,
                                                   Access access, net::Patience patience) {
  return send({.method = "POST", .path = item_path(environment, work, "/ack")}, access, patience);
}

net::Task<Beat> ControlPlane::heartbeat(std::string environment, std::string work,
                                        std::string expected, Access access,
                                        net::Patience patience) {
  Beat beat{.response = Error(ErrorKind::internal, "not sent")};
  Call call{.method = "POST",
            .path = item_path(
                environment, work,
                "/heartbeat?expected_last_heartbeat=" + codec::percent_encode_query(expected)),
            .retries = kCallRetries,
            .in_doubt = &beat.in_doubt};
  beat.response = co_await send(std::move(call), access, patience);
  co_return beat;
}

net::Task<Result<net::Response>> ControlPlane::work_list(std::string environment, std::string page,
                                                         Access access, net::Patience patience) {
  std::string query = "?limit=" + std::to_string(kWorkPage);
  if (!page.empty()) query += "&page=" + codec::percent_encode_query(page);
  return send({.method = "GET", .path = work_path(environment, query), .retries = kCallRetries},
              access, patience);
}

net::Task<Result<net::Response>> ControlPlane::force_stop(std::string environment, std::string work,
                                                          Access access, net::Patience patience) {
  // 409 is success: it is not repeated, whatever the general rule says.
  Call call{.method = "POST",
            .path = item_path(environment, work, "/stop"),
            .body = R"({"force":true})",
            .has_body = true};
  Backoff backoff(kCallBackoffFirst, kCallBackoffCap);
  for (unsigned tried = 0;; ++tried) {
    auto response = co_await send(call, access, patience);
    const bool again =
        response ? response->status != 409 && classify(response->status) == AnswerClass::transient
                 : response.error().kind() != ErrorKind::cancelled;
    if (!again || tried >= kCallRetries) co_return response;
    const Duration asked = response ? asked_wait(response->fields) : Duration::zero();
    if (!co_await loop_.sleep(std::max(backoff.next(random_), asked), patience)) co_return response;
  }
}

net::Task<Result<net::Response>> ControlPlane::session(std::string id, Access access,
                                                       net::Patience patience) {
  return send({.method = "GET", .path = session_path(id, ""), .retries = kCallRetries}, access,
              patience);
}

net::Task<Result<net::Response>> ControlPlane::events(std::string session, std::string page,
                                                      std::size_t limit, Access access,
                                                      net::Patience patience) {
  std::string query = "/events?limit=" + std::to_string(limit);
  if (!page.empty()) query += "&page=" + codec::percent_encode_query(page);
  return send({.method = "GET", .path = session_path(session, query), .retries = kCallRetries},
              access, patience);
}

net::Task<Result<net::Response>> ControlPlane::send_events(std::string session, std::string body,
                                                           Access access, net::Patience patience) {
  return send({.method = "POST",
               .path = session_path(session, "/events"),
               .body = std::move(body),
               .has_body = true},
              access, patience);
}
// NOLINTEND(performance-unnecessary-value-param)

net::Task<Result<net::ResponseStream>> ControlPlane::event_stream(std::string session,
                                                                  Access access,
                                                                  net::Patience patience) {
  const Call call{.method = "GET", .path = session_path(session, "/events/stream")};
  const Secret* credential = access.first ? access.first : access.second;
  auto stream = co_await client_.open_stream(request_of(call, credential), patience);
  if (stream && stream->status() == 401 && access.second && credential != access.second)
    stream = co_await client_.open_stream(request_of(call, access.second), patience);
  co_return stream;
}

Duration ControlPlane::asked_wait(const net::Fields& fields) const {
  return worker::asked_wait(hints_of(fields), loop_.clock().wall()).value_or(Duration::zero());
}

}  // namespace glovebox::worker
