#include "plane/server.h"

#include <cstddef>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "codec/url.h"
#include "net/cancel.h"
#include "net/http_types.h"

namespace glovebox::plane {
namespace {

constexpr std::string_view kPing = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
// Workers hold one for each session they follow.
constexpr std::size_t kMaxConnections = 8192;
constexpr std::string_view kBrokenFrame = "event: agent.message\ndata: {\"type\":\n\n";

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

Result<Request> to_request(net::ServerRequest&& raw) {
  codec::Target target = codec::split_target(raw.target);
  Request request;
  request.method = std::move(raw.method);
  request.path = std::move(target.path);
  request.query = TRY(codec::parse_query(target.query));
  for (const net::Fields::Field& field : raw.fields)
    request.headers.push_back({lower(field.name), field.value});
  request.body = std::move(raw.body);
  return request;
}

net::Fields to_fields(const std::vector<Header>& headers) {
  net::Fields fields;
  for (const Header& header : headers) fields.add(header.name, header.value);
  return fields;
}

// The first `sent` bytes of a response that says it is whole.
std::string cut_response(const Reply& reply, std::size_t sent) {
  std::string text = std::format("HTTP/1.1 {} {}\r\ncontent-length: {}\r\n", reply.status,
                                 net::reason_phrase(reply.status), reply.body.size());
  for (const Header& header : reply.headers)
    text += std::format("{}: {}\r\n", header.name, header.value);
  text += "\r\n";
  text += std::string_view(reply.body).substr(0, sent);
  return text;
}

// What a stream begins with that is none of the session's events.
std::string stream_opening(const Fault& fault) {
  std::string bytes = fault.insert;
  if (fault.malformed) bytes += kBrokenFrame;
  if (fault.oversized > 0)
    bytes += std::format(
        "event: agent.message\ndata: {{\"type\":\"agent.message\",\"text\":\"{}\"}}\n\n",
        std::string(fault.oversized, 'x'));
  return bytes;
}

}  // namespace

Result<std::unique_ptr<PlaneServer>> PlaneServer::start(net::Loop& loop, Plane& plane,
                                                        const codec::IpAddress& address,
                                                        std::uint16_t port) {
  std::unique_ptr<PlaneServer> self(new PlaneServer(loop, plane));
  self->server_ = TRY(net::HttpServer::listen(
      loop, address, port,
      [server = self.get()](net::ServerRequest request, net::ServerExchange& exchange) {
        return server->serve(std::move(request), exchange);
      },
      {.connections = kMaxConnections}));
  const std::string host = address.to_string();
  self->base_url_ = std::format("http://{}:{}", host.contains(':') ? "[" + host + "]" : host,
                                self->server_->port());
  plane.set_base_url(self->base_url_);
  return self;
}

void PlaneServer::announce() {
  changed_.set();
  changed_.clear();
}

net::Task<void> PlaneServer::hold(net::ServerExchange& exchange) {
  net::Event never(loop_);
  (void)co_await never.wait({std::nullopt, exchange.gone()});
}

net::Task<void> PlaneServer::serve(net::ServerRequest raw, net::ServerExchange& exchange) {
  Result<Request> request = to_request(std::move(raw));
  if (!request) {
    const Reply reply = error_reply(invalid_request(request.error().message()), "req_none");
    (void)co_await exchange.respond(reply.status, to_fields(reply.headers), reply.body);
    co_return;
  }
  Handled handled = plane_.handle(*request, Attempt::first);
  announce();
  const Fault fault = handled.fault.value_or(Fault{});
  if (const Blocked* blocked = std::get_if<Blocked>(&handled.outcome))
    handled.outcome = co_await wait_for_work(*request, blocked->wait, exchange);
  if (fault.delay.count() > 0)
    (void)co_await loop_.sleep(fault.delay, {std::nullopt, exchange.gone()});
  if (exchange.gone().cancelled()) co_return;
  if (fault.cut == Cut::before) {
    exchange.cut();
    co_return;
  }
  if (EventStream* stream = std::get_if<EventStream>(&handled.outcome)) {
    co_await send_stream(std::move(*stream), fault, exchange);
  } else if (fault.stall) {
    co_await hold(exchange);
    exchange.cut();
  } else if (Reply* reply = std::get_if<Reply>(&handled.outcome)) {
    co_await send_reply(std::move(*reply), fault, exchange);
  }
}

net::Task<Outcome> PlaneServer::wait_for_work(const Request& request, milliseconds wait,
                                              net::ServerExchange& exchange) {
  const net::Patience patience{loop_.now() + wait, exchange.gone()};
  while (true) {
    const Result<void> woken = co_await changed_.wait(patience);
    if (!woken && woken.error().kind() != ErrorKind::timeout) co_return Outcome(Reply{});
    Handled handled = plane_.handle(request, woken ? Attempt::again : Attempt::last);
    if (!std::holds_alternative<Blocked>(handled.outcome)) co_return std::move(handled.outcome);
  }
}

net::Task<void> PlaneServer::send_reply(Reply reply, Fault fault, net::ServerExchange& exchange) {
  const std::size_t half = reply.body.size() / 2;
  if (fault.cut != Cut::none || fault.trickle.count() > 0) {
    std::size_t sent = reply.body.size();
    if (fault.cut == Cut::head) sent = 0;
    if (fault.cut == Cut::body) sent = half;
    if (fault.cut == Cut::after) sent = fault.cut_after;
    const std::string response = cut_response(reply, sent);
    if (fault.trickle.count() == 0) {
      (void)co_await exchange.raw(response);
      co_return;
    }
    for (const char byte : response) {
      if (!co_await exchange.raw(std::string(1, byte))) co_return;
      if (!co_await loop_.sleep(fault.trickle, {std::nullopt, exchange.gone()})) co_return;
    }
    co_return;
  }
  if (fault.malformed) reply.body.resize(half);
  (void)co_await exchange.respond(reply.status, to_fields(reply.headers), std::move(reply.body));
}

// Whether the stream goes on. `sent` counts the bytes of events.
net::Task<bool> PlaneServer::send_events(std::string bytes, const Fault& fault, std::size_t& sent,
                                         net::ServerExchange& exchange) {
  std::optional<std::size_t> cut_at;
  if (fault.cut == Cut::body && !bytes.empty()) cut_at = bytes.size() / 2;
  if (fault.cut == Cut::after && fault.cut_after - sent <= bytes.size())
    cut_at = fault.cut_after - sent;
  if (cut_at) bytes.resize(*cut_at);
  sent += bytes.size();
  if (fault.trickle.count() == 0) {
    if (!bytes.empty() && !co_await exchange.write(std::move(bytes))) co_return false;
  } else {
    for (const char byte : bytes) {
      if (!co_await exchange.write(std::string(1, byte))) co_return false;
      if (!co_await loop_.sleep(fault.trickle, {std::nullopt, exchange.gone()})) co_return false;
    }
  }
  if (cut_at) exchange.cut();
  co_return !cut_at;
}

net::Task<void> PlaneServer::send_stream(EventStream stream, Fault fault,
                                         net::ServerExchange& exchange) {
  net::Fields fields{{"content-type", "text/event-stream"}, {"cache-control", "no-cache"}};
  for (const Header& header : fault.headers) fields.add(header.name, header.value);
  if (!co_await exchange.begin_stream(200, fields)) co_return;
  if (!co_await exchange.write(stream_opening(fault))) co_return;
  if (fault.stall) co_await hold(exchange);
  if (fault.cut == Cut::head) exchange.cut();
  // Changes elsewhere wake this too; they must not put the ping off.
  Duration next_ping = loop_.now() + kPingEvery;
  std::size_t sent = 0;
  while (!exchange.gone().cancelled()) {
    StreamRead read = plane_.read(stream);
    std::string bytes;
    for (const std::string& frame : read.frames) bytes += frame;
    if (!co_await send_events(std::move(bytes), fault, sent, exchange)) co_return;
    if (read.ended) {
      (void)co_await exchange.end_stream();
      co_return;
    }
    const Result<void> woken = co_await changed_.wait({next_ping, exchange.gone()});
    if (woken || woken.error().kind() != ErrorKind::timeout) continue;
    next_ping = loop_.now() + kPingEvery;
    if (!co_await exchange.write(std::string(kPing))) co_return;
  }
}

}  // namespace glovebox::plane
