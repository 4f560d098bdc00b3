#include "egress/http2_relay.h"

#include "egress/origins.h"
#include "http2_support.h"
#include "net/event.h"

namespace glovebox::egress {
namespace {

using namespace testing;

TEST_CASE("requests of HTTP/2 for an origin that speaks HTTP/1.1") {
  const auto seen = std::make_shared<Seen>();
  Http2Bench bench(echo_origin(seen));
  Http2Got got = bench.talk(request_head("GET", "/a?q=1", {{"x", "y"}, {"te", "trailers"}}));
  CHECK(got.status == 200);
  CHECK(got.body == "GET /a?q=1 ");
  CHECK(got.whole);
  CHECK(got.head.find("content-length") == "11");
  CHECK(seen->bytes == "GET /a?q=1 HTTP/1.1\r\nhost: a.test\r\nx: y\r\n\r\n");
  got = bench.talk(request_head("POST", "/b", {{"content-length", "5"}}), "hello");
  CHECK(got.body == "POST /b hello");
  got = bench.talk(request_head("POST", "/c"), "hello", {{"x-sum", "1"}});
  CHECK(got.body == "POST /c hello");
  CHECK(seen->bytes.ends_with("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  CHECK(bench.site.offers == std::vector{net::Alpn::h2, net::Alpn::http11});
  REQUIRE(bench.site.notes.size() == 3);
  for (const HttpExchange& note : bench.site.notes) {
    CHECK(note.outcome == HttpExchange::Outcome::allowed);
    CHECK(note.status == 200);
    CHECK(note.rule == "box.toml:3");
    CHECK(note.address == "203.0.113.9");
    CHECK(note.up > 0);
    CHECK(note.down > 0);
  }
  CHECK(bench.site.notes[0].path == "/a");
}

TEST_CASE("a HEAD, and an answer that has no body") {
  for (const char* status : {"200", "204", "304"}) {
    const bool head = std::string_view(status) == "200";
    Http2Bench bench(origin_of(std::make_shared<Seen>(), [&](const Asked&) {
      return "HTTP/1.1 " + std::string(status) + " X\r\n" +
             (std::string_view(status) == "204" ? "" : "content-length: 99\r\n") + "\r\n";
    }));
    const Http2Got got = bench.talk(request_head(head ? "HEAD" : "GET", "/a"));
    CHECK(std::to_string(got.status) == status);
    CHECK(got.whole);
    CHECK(got.body.empty());
    CHECK(got.head.count("content-length") == (std::string_view(status) == "204" ? 0 : 1));
  }
}

TEST_CASE("what is refused or denied reaches no origin") {
  struct Row {
    const char* name;
    net::Fields head;
    int status;
    std::string_view text;
  };
  const Row rows[] = {
      {"F28 another authority",
       {{":method", "GET"}, {":scheme", "https"}, {":authority", "b.test"}, {":path", "/"}},
       421,
       "the host is not the one that was dialled\n"},
      {"F37 TRACE", request_head("TRACE", "/"), 405, "this method is not passed on\n"},
      {"a path that climbs", request_head("GET", "/a/../b"), 400, "the path has a dot segment\n"},
      {"a head that is too long", request_head("GET", "/", {{"x", std::string(17'000, 'x')}}), 431,
       "the head is too long\n"},
      {"a path that is denied", request_head("GET", "/denied/x"), 403,
       "denied by policy: no rule allows this method or path (box.toml:7)\n"},
      {"a method that is denied", request_head("DELETE", "/a"), 403,
       "denied by policy: no rule allows this method or path (box.toml:7)\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto seen = std::make_shared<Seen>();
    Http2Bench bench(echo_origin(seen));
    const Http2Got got = bench.talk(row.head);
    CHECK(got.status == row.status);
    CHECK(got.body == row.text);
    CHECK(got.head.find("content-type") == "text/plain");
    CHECK(got.whole);
    CHECK(bench.site.opened == 0);
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].status == row.status);
    CHECK(bench.site.notes[0].outcome ==
          (row.status == 403 ? HttpExchange::Outcome::denied : HttpExchange::Outcome::refused));
    CHECK(bench.site.notes[0].method == *row.head.find(":method"));
  }
}

TEST_CASE("a body behind a refusal is not read, and the other streams go on") {
  const auto seen = std::make_shared<Seen>();
  Http2Bench bench(echo_origin(seen));
  bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    const auto id = b.begin(*client, request_head("POST", "/denied"), Http2Ends::no);
    // More than the window.
    const auto sent = co_await client->send(id, std::string(1 << 20, 'x'), Http2Ends::no, b.soon());
    CHECK_FALSE(sent);
    CHECK(client->reset_of(id) == net::Http2Code::no_error);
    const Http2Got got = co_await read_answer(*client, id, b.soon());
    CHECK(got.status == 403);
    CHECK((co_await b.ask(*client, request_head("GET", "/a"))).body == "GET /a ");
    co_return 0;
  }(bench));
}

TEST_CASE("malformed requests are on record, and nothing of them is passed on") {
  const auto seen = std::make_shared<Seen>();
  Http2Bench bench(echo_origin(seen));
  // Our own client sends what it is given.
  const Http2Got got = bench.talk(request_head("GET", "/a", {{"connection", "close"}}));
  CHECK(got.reset == net::Http2Code::protocol_error);
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::refused);
  CHECK(bench.site.notes[0].method == "GET");
  CHECK(bench.site.notes[0].words == "the request is malformed");
  CHECK(bench.site.judged.empty());
  CHECK(bench.site.opened == 0);
}

// So many requests at once on one connection; how many were answered with what they asked for.
int ask_at_once(Http2Bench& bench, int count) {
  return bench.run([](Http2Bench& b, int wanted) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    net::TaskGroup all(*b.loop);
    const auto good = std::make_shared<int>(0);
    for (int i = 0; i < wanted; ++i)
      all.spawn([](Http2Bench& with, Http2Ptr from, int number,
                   std::shared_ptr<int> counted) -> net::Task<void> {
        const std::string body(static_cast<std::size_t>(number) * 997, 'x');
        const std::string path = "/" + std::to_string(number);
        const Http2Got got = co_await with.ask(*from, request_head("POST", path), body);
        if (got.whole && got.body == "POST " + path + " " + body) ++*counted;
      }(b, client, i, good));
    CO_TRY(co_await all.wait(b.soon()));
    client->close();
    co_await b.until_ended();
    co_return *good;
  }(bench, count));
}

TEST_CASE("many streams at once share one connection to an origin that speaks HTTP/2") {
  const auto seen = std::make_shared<Http2Seen>();
  Http2Bench bench(http2_origin(http2_echo(seen)));
  bench.site.speaks = net::Alpn::h2;
  CHECK(ask_at_once(bench, 90) == 90);
  CHECK(bench.site.opened == 1);
  CHECK(bench.site.notes.size() == 90);
}

TEST_CASE("to an origin that speaks HTTP/1.1 there are so many connections and no more") {
  constexpr int kMore = 10, kMost = static_cast<int>(kMostLinks);
  const auto gate = std::make_shared<std::optional<net::Event>>();
  Http2Bench bench([gate](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    while ((co_await testing::read_head(*stream)).ends_with("\r\n\r\n")) {
      (void)co_await (*gate)->wait({});
      (void)co_await stream->write(ok("x"), {});
    }
  });
  gate->emplace(*bench.loop);
  bench.run(
      [](Http2Bench& b, std::shared_ptr<std::optional<net::Event>> held) -> net::Task<Result<int>> {
        const Http2Ptr client = b.connect();
        net::TaskGroup all(*b.loop);
        for (int i = 0; i < kMost + kMore; ++i)
          all.spawn([](Http2Bench& with, Http2Ptr from) -> net::Task<void> {
            CHECK((co_await with.ask(*from, request_head("GET", "/a"))).body == "x");
          }(b, client));
        while (b.site.opened < kMost) co_await b.loop->sleep(milliseconds(1));
        co_await b.loop->sleep(milliseconds(20));
        CHECK(b.site.opened == kMost);
        (*held)->set();
        CO_TRY(co_await all.wait(b.soon()));
        client->close();
        co_await b.until_ended();
        co_return 0;
      }(bench, gate));
  CHECK(bench.site.opened <= kMost + kMore);
  CHECK(bench.site.notes.size() == kMost + kMore);
}

TEST_CASE("trailers both ways, and what gRPC asks for") {
  const auto seen = std::make_shared<Http2Seen>();
  Http2Bench bench(http2_origin(http2_echo(seen)));
  bench.site.speaks = net::Alpn::h2;
  const Http2Got got = bench.talk(request_head("POST", "/s/M", {{"te", "trailers"}}), "hello",
                                  {{"grpc-status", "0"}});
  CHECK(got.body == "POST /s/M hello");
  CHECK(got.trailers.find("grpc-status") == "0");
  REQUIRE(seen->heads.size() == 1);
  CHECK(seen->heads[0].find("te") == "trailers");
  CHECK(seen->heads[0].find(":authority") == "a.test");
  CHECK(seen->trailers[0].find("grpc-status") == "0");
}

TEST_CASE("an answer that is a head alone stays one") {
  Http2Bench bench(http2_origin([](Http2Connection& origin, net::Http2StreamId id, net::Fields,
                                   Http2Ends) -> net::Task<void> {
    const net::Fields head{{":status", "200"}, {"grpc-status", "12"}};
    (void)origin.answer(id, to_sent(head), Http2Ends::yes);
    (void)co_await origin.sent(id, {});
  }));
  bench.site.speaks = net::Alpn::h2;
  bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    const auto id = b.begin(*client, request_head("POST", "/s/M"));
    const auto arrived = CO_TRY(co_await client->receive(id, b.soon()));
    CHECK(arrived.head->find("grpc-status") == "12");
    CHECK(arrived.ends == Http2Ends::yes);
    client->forget(id);
    co_return 0;
  }(bench));
}

TEST_CASE("both sides speak at once, and nothing is kept back") {
  // Answers each piece before the request is over.
  Http2Bench bench(http2_origin([](Http2Connection& origin, net::Http2StreamId id, net::Fields,
                                   Http2Ends ends) -> net::Task<void> {
    const net::Fields head{{":status", "200"}};
    (void)origin.answer(id, to_sent(head), Http2Ends::no);
    while (ends == Http2Ends::no) {
      const auto arrived = co_await origin.receive(id, {});
      if (!arrived) co_return;
      if (!arrived->content.empty())
        (void)co_await origin.send(id, "<" + arrived->content + ">", Http2Ends::no, {});
      ends = arrived->ends;
    }
    const net::Fields trailers{{"grpc-status", "0"}};
    (void)co_await origin.send_trailers(id, to_sent(trailers), {});
  }));
  bench.site.speaks = net::Alpn::h2;
  bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    const auto id = b.begin(*client, request_head("POST", "/s/Chat"), Http2Ends::no);
    for (const std::string said : {"one", "two", "three"}) {
      CO_TRY(co_await client->send(id, said, Http2Ends::no, b.soon()));
      std::string heard;
      while (heard.size() < said.size() + 2)
        heard += CO_TRY(co_await client->receive(id, b.soon())).content;
      CHECK(heard == "<" + said + ">");
    }
    CO_TRY(co_await client->send(id, "", Http2Ends::yes, b.soon()));
    const Http2Got got = co_await read_answer(*client, id, b.soon());
    CHECK(got.whole);
    CHECK(got.trailers.find("grpc-status") == "0");
    co_return 0;
  }(bench));
  CHECK(bench.site.notes.size() == 1);
}

TEST_CASE("events come one by one, also from an origin that speaks HTTP/1.1") {
  const auto next = std::make_shared<std::optional<net::Event>>();
  Http2Bench bench([next](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", {});
    for (const std::string event : {"data: 1\n\n", "data: 2\n\n"}) {
      (void)co_await stream->write(to_chunk(event), {});
      (void)co_await (*next)->wait({});
      (*next)->clear();
    }
    (void)co_await stream->write(kLastChunk, {});
  });
  next->emplace(*bench.loop);
  bench.run(
      [](Http2Bench& b, std::shared_ptr<std::optional<net::Event>> told) -> net::Task<Result<int>> {
        const Http2Ptr client = b.connect();
        const auto id = b.begin(*client, request_head("GET", "/events"));
        CHECK(CO_TRY(co_await client->receive(id, b.soon())).head);
        for (const std::string event : {"data: 1\n\n", "data: 2\n\n"}) {
          CHECK(CO_TRY(co_await client->receive(id, b.soon())).content == event);
          (*told)->set();
        }
        CHECK(CO_TRY(co_await client->receive(id, b.soon())).ends == Http2Ends::yes);
        client->forget(id);
        co_return 0;
      }(bench, next));
}

TEST_CASE("a large body each way, and windows that hold it back") {
  const auto seen = std::make_shared<Http2Seen>();
  for (const bool http2 : {false, true}) {
    Http2Bench bench(http2 ? http2_origin(http2_echo(seen))
                           : echo_origin(std::make_shared<Seen>()));
    if (http2) bench.site.speaks = net::Alpn::h2;
    std::string body;
    for (int i = 0; i < 500'000; ++i) body += static_cast<char>('a' + i % 23);
    const Http2Got got = bench.talk(request_head("PUT", "/big"), body);
    CHECK(got.whole);
    CHECK(got.body == "PUT /big " + body);
  }
}

TEST_CASE("whoever expects to be told is told") {
  for (const bool refuses : {false, true}) {
    std::string got_by_origin;
    Http2Bench bench([&, refuses](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
      got_by_origin = co_await testing::read_head(*stream);
      if (refuses) {
        (void)co_await stream->write("HTTP/1.1 401 X\r\ncontent-length: 0\r\n\r\n", {});
      } else {
        (void)co_await stream->write("HTTP/1.1 100 Continue\r\n\r\n", {});
        got_by_origin += co_await read_until(*stream, "hello");
        (void)co_await stream->write(ok("x"), {});
      }
      got_by_origin += co_await read_all(*stream, {});
    });
    bench.run([](Http2Bench& b, bool no) -> net::Task<Result<int>> {
      const Http2Ptr client = b.connect();
      const auto id =
          b.begin(*client,
                  request_head("POST", "/a", {{"expect", "100-continue"}, {"content-length", "5"}}),
                  Http2Ends::no);
      auto head = CO_TRY(co_await client->receive(id, b.soon())).head;
      CHECK(head->find(":status") == (no ? "401" : "100"));
      if (!no) {
        CO_TRY(co_await client->send(id, "hello", Http2Ends::yes, b.soon()));
        CHECK((co_await read_answer(*client, id, b.soon())).body == "x");
      }
      client->close();
      co_await b.until_ended();
      co_return 0;
    }(bench, refuses));
    CHECK(got_by_origin.contains("expect: 100-continue\r\n"));
    CHECK(got_by_origin.contains("hello") != refuses);
  }
}

TEST_CASE("F49 F50 a credential goes out with what is allowed, is not in what comes back") {
  const std::string secret = "sk-live-0123456789abcdef", stars(secret.size(), '*');
  for (const bool http2 : {false, true}) {
    const auto seen1 = std::make_shared<Seen>();
    const auto seen2 = std::make_shared<Http2Seen>();
    Http2Bench bench(http2 ? http2_origin(http2_echo(seen2)) : echo_origin(seen1));
    if (http2) bench.site.speaks = net::Alpn::h2;
    bench.site.secret.emplace(Injection{"api-key", Secret::take(std::string(secret)), "GB-PLACE"});
    const Http2Got got = bench.talk(
        request_head("POST", "/a", {{"authorization", "Bearer GB-PLACE"}, {"x", "GB-PLACE"}}),
        "<" + secret + "> and sk-live-0", {{"x-back", secret}});
    CHECK(got.body == "POST /a <" + stars + "> and sk-live-0");
    if (http2) CHECK(got.trailers.find("x-back") == stars);
    const net::Fields& sent = http2 ? seen2->heads.at(0) : seen1->requests.at(0).head.fields;
    CHECK(sent.find("authorization") == "Bearer " + secret);
    CHECK(sent.count("authorization") == 1);
    CHECK(sent.find("x") == secret);
    CHECK(bench.talk(request_head("GET", "/denied")).status == 403);
    REQUIRE(bench.site.notes.size() == 2);
    CHECK(bench.site.notes[0].credential == "api-key");
    CHECK_FALSE(bench.site.notes[1].credential);
  }
}

TEST_CASE("an event in HTTP/2 that ends like the secret begins is not kept back for long") {
  Http2Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", {});
    (void)co_await stream->write(to_chunk("tasks"), {});
    (void)co_await read_all(*stream, {});
  });
  bench.site.secret.emplace(Injection{"k", Secret::take(std::string("sk-live-0123456789")), "P"});
  bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    const auto id = b.begin(*client, request_head("GET", "/a"));
    std::string heard;
    while (heard != "tasks") heard += CO_TRY(co_await client->receive(id, b.soon())).content;
    client->forget(id);
    co_return 0;
  }(bench));
}

}  // namespace
}  // namespace glovebox::egress
