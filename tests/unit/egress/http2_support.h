// What the tests of the HTTP/2 relay share: clients and origins that speak it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "egress/http2_answer.h"
#include "egress/http2_relay.h"
#include "net/http2_connection.h"
#include "support.h"

namespace glovebox::egress::testing {

using net::Http2Connection;
using net::Http2Ends;
using Http2Ptr = std::shared_ptr<Http2Connection>;

// What came of a request.
struct Http2Got {
  int status = 0;
  net::Fields head;
  std::string body;
  net::Fields trailers;
  bool whole = false;
  std::optional<net::Http2Code> reset;
};

inline net::Fields request_head(std::string_view method, std::string_view path,
                                const net::Fields& more = {}) {
  net::Fields head{{":method", std::string(method)},
                   {":scheme", "https"},
                   {":authority", "a.test"},
                   {":path", std::string(path)}};
  for (const auto& [name, value] : more) head.add(name, value);
  return head;
}

inline net::Task<Http2Got> read_answer(Http2Connection& client, net::Http2StreamId id,
                                       net::Patience patience) {
  Http2Got got;
  for (;;) {
    auto arrived = co_await client.receive(id, patience);
    if (!arrived) {
      got.reset = client.reset_of(id);
      break;
    }
    if (arrived->head) {
      got.head = *arrived->head;
      got.status = std::stoi(std::string(got.head.find(":status").value_or("0")));
    }
    got.body += arrived->content;
    for (const auto& [name, value] : arrived->trailers) got.trailers.add(name, value);
    got.whole = arrived->ends == Http2Ends::yes;
    if (got.whole) break;
  }
  client.forget(id);
  co_return got;
}

// A client of a relay, and the relay as a task of its own.
struct Http2Bench {
  explicit Http2Bench(Script script, HttpRelayLimits with = {})
      : site(*loop, std::move(script)), limits(with) {
    site.is_tls();
  }

  SystemClock clock;
  std::unique_ptr<net::Loop> loop = *net::Loop::make(clock);
  ScriptedSite site;
  HttpRelayLimits limits;
  net::CancelSource cancel;
  std::optional<Result<void>> ended;

  net::Patience soon() const { return {loop->now() + kTooLong, {}}; }

  // The client's end, for bytes by hand.
  net::StreamPtr connect_raw() {
    StreamPair pair = make_pair_of_streams(*loop);
    loop->spawn([](Http2Bench& bench, net::StreamPtr stream) -> net::Task<void> {
      bench.ended = co_await relay_http2(*bench.loop, std::move(stream), bench.site, bench.limits,
                                         {std::nullopt, bench.cancel.token()});
    }(*this, std::move(pair.second)));
    return std::move(pair.first);
  }
  Http2Ptr connect(const net::Http2Limits& with = {}) {
    auto made = Http2Connection::start(*loop, connect_raw(), net::Http2Role::client, with, {}, {});
    REQUIRE(made);
    return *made;
  }
  net::Http2StreamId begin(Http2Connection& client, const net::Fields& head,
                           Http2Ends ends = Http2Ends::yes) {
    const auto id = client.request(to_sent(head), ends);
    REQUIRE(id);
    return *id;
  }
  net::Task<Http2Got> ask(Http2Connection& client, net::Fields head, std::string body = {},
                          net::Fields trailers = {}) {
    const bool bare = body.empty() && trailers.size() == 0;
    const net::Http2StreamId id = begin(client, head, bare ? Http2Ends::yes : Http2Ends::no);
    if (!bare) {
      const auto more = to_sent(trailers);
      if (co_await client.send(id, body, Http2Ends::no, soon()))
        (void)co_await client.send_trailers(id, more, soon());
    }
    co_return co_await read_answer(client, id, soon());
  }
  net::Task<void> until_ended() {
    while (!ended) co_await loop->sleep(milliseconds(1));
  }

  template <class T>
  T run(net::Task<Result<T>> task) {
    auto got = loop->run_until(std::move(task));
    REQUIRE(got);
    return *std::move(got);
  }
  // One request on a connection of its own, to the end of the relay.
  Http2Got talk(net::Fields head, std::string body = {}, net::Fields trailers = {}) {
    return run([](Http2Bench& bench, net::Fields first, std::string content,
                  net::Fields last) -> net::Task<Result<Http2Got>> {
      const Http2Ptr client = bench.connect();
      Http2Got got =
          co_await bench.ask(*client, std::move(first), std::move(content), std::move(last));
      client->close();
      co_await bench.until_ended();
      co_return got;
    }(*this, std::move(head), std::move(body), std::move(trailers)));
  }
};

// What an origin of HTTP/2 was asked.
struct Http2Seen {
  std::vector<net::Fields> heads;
  std::vector<std::string> bodies;
  std::vector<net::Fields> trailers;
  std::vector<std::optional<net::Http2Code>> resets;  // of requests that were called off
};
// One stream of an origin; the request's head is given.
using Http2Serve = std::function<net::Task<void>(Http2Connection& origin, net::Http2StreamId id,
                                                 net::Fields head, Http2Ends ends)>;

inline Script http2_origin(Http2Serve serve) {
  return [serve](net::Loop& loop, net::StreamPtr stream, int) -> net::Task<void> {
    auto made = Http2Connection::start(loop, std::move(stream), net::Http2Role::server, {}, {}, {});
    REQUIRE(made);
    while (auto asked = co_await (*made)->accept()) {
      loop.spawn([](Http2Serve with, Http2Ptr origin, net::Http2StreamId id) -> net::Task<void> {
        auto arrived = co_await origin->receive(id, {});
        REQUIRE(arrived);
        if (arrived->head) co_await with(*origin, id, *arrived->head, arrived->ends);
        origin->forget(id);
      }(serve, *made, asked->stream));
    }
  };
}

// Answers `METHOD path body` with the trailers that came.
inline Http2Serve http2_echo(std::shared_ptr<Http2Seen> seen) {
  return [seen](Http2Connection& origin, net::Http2StreamId id, net::Fields head,
                Http2Ends ends) -> net::Task<void> {
    std::string body;
    net::Fields trailers;
    while (ends == Http2Ends::no) {
      const auto arrived = co_await origin.receive(id, {});
      if (!arrived) {
        seen->resets.push_back(origin.reset_of(id));
        co_return;
      }
      body += arrived->content;
      for (const auto& [name, value] : arrived->trailers) trailers.add(name, value);
      ends = arrived->ends;
    }
    seen->heads.push_back(head);
    seen->bodies.push_back(body);
    seen->trailers.push_back(trailers);
    const std::string text =
        std::string(*head.find(":method")) + " " + std::string(*head.find(":path")) + " " + body;
    const net::Fields answer{{":status", "200"}, {"content-length", std::to_string(text.size())}};
    (void)origin.answer(id, to_sent(answer), Http2Ends::no);
    if (co_await origin.send(id, text, Http2Ends::no, {}))
      (void)co_await origin.send_trailers(id, to_sent(trailers), {});
  };
}

}  // namespace glovebox::egress::testing
