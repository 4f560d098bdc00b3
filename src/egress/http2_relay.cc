#include "egress/http2_relay.h"

#include <memory>
#include <utility>

#include "egress/http2_exchange.h"
#include "egress/http2_front.h"
#include "egress/http_admission.h"
#include "net/event.h"
#include "net/http2_connection.h"

namespace glovebox::egress {

namespace {

constexpr net::Http2Limits kClientHttp2{
    .streams = 100, .head = kMaxRequestHead, .fields = 2 * kMaxRequestFields};

void note_refused(HttpSite& site, std::string method, std::string_view words) {
  HttpExchange record;
  record.method = std::move(method);
  record.words = words;
  site.note(record);
}

std::string_view words_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::limit:
      return "the connection asks for more than HTTP/2 programs do";
    case ErrorKind::timeout:
      return "the head came too slowly";
    default:
      return "the connection breaks HTTP/2";
  }
}

// More exchanges than streams may be under way while those of streams that were called off end.
net::Task<void> serve_all(Http2Front& front, const std::shared_ptr<Http2Front>& owner,
                          net::TaskGroup& exchanges) {
  std::uint32_t requests = 0;
  while (auto asked = co_await front.client->accept()) {
    if (asked->form == net::Http2Asked::Form::malformed) {
      note_refused(front.site, std::move(asked->method), "the request is malformed");
      continue;
    }
    exchanges.spawn(serve_http2_request(owner, asked->stream));
    if (++requests == front.limits().requests) front.client->go_away();
    while (exchanges.running() > kClientHttp2.streams) {
      front.one_ended.clear();
      if (!co_await front.one_ended.wait(front.patience)) co_return;
    }
  }
}

}  // namespace

net::Task<Result<void>> relay_http2(net::Loop& loop, net::StreamPtr client, HttpSite& site,
                                    HttpRelayLimits limits, net::Patience patience) {
  auto connection = CO_TRY(net::Http2Connection::start(
      loop, std::move(client), net::Http2Role::server, kClientHttp2,
      {.idle = limits.idle, .head = limits.head, .write = limits.write}, patience));
  auto front = std::make_shared<Http2Front>(loop, site, limits, patience, connection);
  net::TaskGroup exchanges(loop);
  co_await serve_all(*front, front, exchanges);
  (void)co_await exchanges.wait();
  if (const auto& failure = connection->failure())
    note_refused(site, {}, words_for(failure->kind()));
  front.reset();
  co_await connection->ended();
  if (patience.token.cancelled())
    co_return Error(ErrorKind::cancelled, "the connection was called off");
  co_return Result<void>();
}

}  // namespace glovebox::egress
