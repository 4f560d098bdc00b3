// What goes wrong on either side of an HTTP/2 relay: who hears of it, and what is on record.
#include "../net/http2_frames.h"
#include "egress/http2_relay.h"
#include "http2_support.h"
#include "net/event.h"

namespace glovebox::egress {
namespace {

using namespace testing;
using Outcome = HttpExchange::Outcome;
namespace frames = net::testing;

TEST_CASE("a stream that the client calls off is called off at the origin") {
  const auto seen = std::make_shared<Http2Seen>();
  Http2Bench bench(http2_origin(http2_echo(seen)));
  bench.site.speaks = net::Alpn::h2;
  bench.run([](Http2Bench& b, std::shared_ptr<Http2Seen> at) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    const auto id = b.begin(*client, request_head("POST", "/a"), Http2Ends::no);
    CO_TRY(co_await client->send(id, "half", Http2Ends::no, b.soon()));
    while (b.site.opened == 0) co_await b.loop->sleep(milliseconds(1));
    // Another stream of the same connection is not touched.
    CHECK((co_await b.ask(*client, request_head("GET", "/b"))).body == "GET /b ");
    client->forget(id);
    while (at->resets.empty()) co_await b.loop->sleep(milliseconds(1));
    CHECK(at->resets[0] == net::Http2Code::cancel);
    CHECK((co_await b.ask(*client, request_head("GET", "/c"))).body == "GET /c ");
    co_return 0;
  }(bench, seen));
  CHECK(bench.site.opened == 1);
  REQUIRE(bench.site.notes.size() == 3);
  CHECK(bench.site.notes[1].outcome == Outcome::failed);
  CHECK(bench.site.notes[1].words == "the client went away");
}

TEST_CASE("a stream that the client calls off closes its connection to an origin of HTTP/1.1") {
  const auto closed = std::make_shared<int>(0);
  Http2Bench bench([closed](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await read_all(*stream, {});
    ++*closed;
  });
  bench.run([](Http2Bench& b, std::shared_ptr<int> count) -> net::Task<Result<int>> {
    const Http2Ptr client = b.connect();
    const auto id = b.begin(*client, request_head("GET", "/a"));
    while (b.site.opened == 0) co_await b.loop->sleep(milliseconds(1));
    client->forget(id);
    while (*count == 0) co_await b.loop->sleep(milliseconds(1));
    co_return 0;
  }(bench, closed));
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].words == "the client went away");
}

TEST_CASE("a client that is gone ends everything, each request on record once") {
  Http2Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await read_all(*stream, {});
  });
  bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
    Http2Ptr client = b.connect();
    for (int i = 0; i < 5; ++i) (void)b.begin(*client, request_head("GET", "/a"));
    while (b.site.opened < 5) co_await b.loop->sleep(milliseconds(1));
    client->close();
    co_await b.until_ended();
    co_return 0;
  }(bench));
  CHECK(bench.site.notes.size() == 5);
}

TEST_CASE("a relay that is called off ends, each request on record once") {
  const auto seen = std::make_shared<Http2Seen>();
  Http2Bench bench(
      http2_origin([](Http2Connection& origin, net::Http2StreamId id, net::Fields,
                      Http2Ends) -> net::Task<void> { (void)co_await origin.receive(id, {}); }));
  bench.site.speaks = net::Alpn::h2;
  bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
    Http2Ptr client = b.connect();
    for (int i = 0; i < 3; ++i) (void)b.begin(*client, request_head("POST", "/a"), Http2Ends::no);
    while (b.site.opened < 1) co_await b.loop->sleep(milliseconds(1));
    b.cancel.cancel();
    co_await b.until_ended();
    CHECK_FALSE(*b.ended);
    co_return 0;
  }(bench));
  CHECK(bench.site.notes.size() == 3);
}

TEST_CASE("origins that answer wrongly, of HTTP/1.1") {
  struct Row {
    const char* name;
    std::string answer;
    int status;  // of what the client got; 0: a reset behind a head
    std::string_view words;
  };
  const Row rows[] = {
      {"nothing", "", 502, "the origin ended the connection"},
      {"half a head", "HTTP/1.1 200 OK\r\n", 502, "the origin ended the connection"},
      {"no HTTP", "SSH-2.0-x\r\n\r\n", 502, "the head of the answer is malformed"},
      {"a head that is too large", "HTTP/1.1 200 OK\r\nx: " + std::string(20'000, 'x'), 502,
       "the head of the answer is too large"},
      {"a switch", "HTTP/1.1 101 X\r\nupgrade: websocket\r\n\r\n", 502,
       "the answer switches to a protocol that was not asked for"},
      {"interim heads without end",
       [] {
         std::string all;
         for (int i = 0; i < 12; ++i) all += "HTTP/1.1 103 X\r\n\r\n";
         return all;
       }(),
       502, "the origin sent too many interim answers"},
      {"half a body", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", 0,
       "the origin ended the connection"},
      {"half of the chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
       0, "the origin ended the connection"},
      {"chunks that are none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 0,
       "the body of the answer is malformed"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Http2Bench bench([&](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
      (void)co_await testing::read_head(*stream);
      (void)co_await stream->write(row.answer, {});
    });
    // Not to be repeated.
    const Http2Got got = bench.talk(request_head("POST", "/a"));
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].outcome == Outcome::failed);
    CHECK(bench.site.notes[0].words == row.words);
    if (row.status == 0) {
      CHECK(got.reset == net::Http2Code::internal_error);
      CHECK_FALSE(got.whole);
    } else {
      CHECK(got.status == row.status);
      CHECK(got.body == std::string(row.words) + "\n");
    }
  }
}

TEST_CASE("origins that answer wrongly, of HTTP/2") {
  using Answer = std::function<net::Task<void>(Http2Connection&, net::Http2StreamId)>;
  struct Row {
    const char* name;
    Answer answer;
    std::string_view words;
    int status = 502;
  };
  const auto head_of = [](net::Fields fields) { return fields; };
  const Row rows[] = {
      {"a reset",
       [](Http2Connection& o, net::Http2StreamId id) -> net::Task<void> {
         o.reset(id, net::Http2Code::internal_error);
         co_return;
       },
       "the origin reset the stream"},
      {"a head that is too large",
       [&](Http2Connection& o, net::Http2StreamId id) -> net::Task<void> {
         const auto head = head_of({{":status", "200"}, {"x", std::string(20'000, 'x')}});
         (void)o.answer(id, to_sent(head), Http2Ends::yes);
         (void)co_await o.sent(id, {});
       },
       "the head of the answer is too large"},
      {"a reset in the middle",
       [&](Http2Connection& o, net::Http2StreamId id) -> net::Task<void> {
         const auto head = head_of({{":status", "200"}});
         (void)o.answer(id, to_sent(head), Http2Ends::no);
         (void)co_await o.send(id, "half", Http2Ends::no, {});
         o.reset(id, net::Http2Code::internal_error);
       },
       "the origin reset the stream", 0},
      {"the end of the connection",
       [](Http2Connection& o, net::Http2StreamId) -> net::Task<void> {
         o.close();
         co_return;
       },
       "the origin ended the connection"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Http2Bench bench(
        http2_origin([&](Http2Connection& origin, net::Http2StreamId id, net::Fields,
                         Http2Ends) -> net::Task<void> { co_await row.answer(origin, id); }));
    bench.site.speaks = net::Alpn::h2;
    const Http2Got got = bench.talk(request_head("POST", "/a"));
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].outcome == Outcome::failed);
    CHECK(bench.site.notes[0].words == row.words);
    CHECK_FALSE((got.whole && row.status == 0));
    if (row.status != 0) CHECK(got.status == row.status);
  }
}

TEST_CASE("what the origin did not take is sent again if that does no harm") {
  for (const char* method : {"GET", "POST"}) {
    const auto asked = std::make_shared<int>(0);
    Http2Bench bench(http2_origin([asked](Http2Connection& origin, net::Http2StreamId id,
                                          net::Fields, Http2Ends) -> net::Task<void> {
      if ((*asked)++ == 0) {
        origin.reset(id, net::Http2Code::refused_stream);
        co_return;
      }
      const net::Fields head{{":status", "204"}};
      (void)origin.answer(id, to_sent(head), Http2Ends::yes);
      (void)co_await origin.sent(id, {});
    }));
    bench.site.speaks = net::Alpn::h2;
    const Http2Got got = bench.talk(request_head(method, "/a"));
    CHECK(got.status == (std::string_view(method) == "GET" ? 204 : 502));
    CHECK(bench.site.notes.size() == 1);
  }
}

TEST_CASE("origins that are not reached") {
  struct Row {
    ErrorKind kind;
    int status;
    std::string_view text;
  };
  const Row rows[] = {{ErrorKind::invalid, 502, "the origin's certificate does not hold\n"},
                      {ErrorKind::denied, 502, "the origin's address is not allowed\n"},
                      {ErrorKind::closed, 502, "the origin refused the connection\n"},
                      {ErrorKind::timeout, 504, "the origin did not answer in time\n"}};
  for (const Row& row : rows) {
    Http2Bench bench(echo_origin(std::make_shared<Seen>()));
    bench.site.refusal = row.kind;
    bench.site.secret.emplace(Injection{"k", Secret::take(std::string("s3cret-value")), "P"});
    const Http2Got got = bench.talk(request_head("GET", "/a"));
    CHECK(got.status == row.status);
    CHECK(got.body == row.text);
    REQUIRE(bench.site.notes.size() == 1);
    CHECK_FALSE(bench.site.notes[0].credential);
    CHECK(bench.site.notes[0].trouble == "203.0.113.9: for the operator only");
  }
}

TEST_CASE("limits of a connection") {
  HttpRelayLimits limits;
  SECTION("requests: the last is answered, and the client is told to go elsewhere") {
    limits.requests = 3;
    Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
    bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
      const Http2Ptr client = b.connect();
      for (int i = 0; i < 3; ++i)
        CHECK((co_await b.ask(*client, request_head("GET", "/a"))).status == 200);
      CHECK_FALSE(client->request(to_sent(request_head("GET", "/a")), Http2Ends::yes));
      co_await b.until_ended();
      CHECK_FALSE(client->failure());
      co_return 0;
    }(bench));
    CHECK(bench.site.notes.size() == 3);
  }
  SECTION("what may be sent") {
    limits.up = ByteLimit(1000);
    Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
    CHECK(
        bench.talk(request_head("POST", "/a", {{"content-length", "2000"}}), std::string(2000, 'x'))
            .status == 413);
    CHECK(bench.talk(request_head("POST", "/a"), std::string(2000, 'x')).status == 413);
    CHECK(bench.site.notes.size() == 2);
  }
  SECTION("what may be received") {
    limits.down = ByteLimit(1000);
    Http2Bench bench(origin_of(std::make_shared<Seen>(),
                               [](const Asked&) { return ok(std::string(2000, 'x')); }),
                     limits);
    CHECK(bench.talk(request_head("GET", "/a")).status == 502);
  }
  SECTION("idleness: an orderly end") {
    limits.idle = milliseconds(50);
    Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
    bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
      const Http2Ptr client = b.connect();
      CHECK((co_await b.ask(*client, request_head("GET", "/a"))).status == 200);
      co_await b.until_ended();
      CHECK_FALSE(client->failure());
      co_return 0;
    }(bench));
    CHECK(bench.site.notes.size() == 1);
  }
  SECTION("a body that stops in the middle") {
    limits.body_silence = milliseconds(50);
    Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
    bench.run([](Http2Bench& b) -> net::Task<Result<int>> {
      const Http2Ptr client = b.connect();
      const auto id = b.begin(*client, request_head("POST", "/a"), Http2Ends::no);
      CO_TRY(co_await client->send(id, "half", Http2Ends::no, b.soon()));
      CHECK((co_await read_answer(*client, id, b.soon())).status == 408);
      co_return 0;
    }(bench));
  }
  SECTION("an origin that does not answer") {
    limits.answer_silence = milliseconds(50);
    for (const bool http2 : {false, true}) {
      const auto never = std::make_shared<std::optional<net::Event>>();
      Http2Bench bench(http2
                           ? http2_origin([never](Http2Connection&, net::Http2StreamId, net::Fields,
                                                  Http2Ends) -> net::Task<void> {
                               (void)co_await (*never)->wait({});
                             })
                           : Script([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
                               (void)co_await read_all(*stream, {});
                             }),
                       limits);
      never->emplace(*bench.loop);
      if (http2) bench.site.speaks = net::Alpn::h2;
      CHECK(bench.talk(request_head("GET", "/a")).status == 504);
      REQUIRE(bench.site.notes.size() == 1);
      CHECK(bench.site.notes[0].words == "the origin did not answer in time");
    }
  }
}

// What a relay does with bytes by hand; what it sends, to its end.
std::string talk_raw(Http2Bench& bench, std::string bytes) {
  return bench.run([](Http2Bench& b, std::string all) -> net::Task<Result<std::string>> {
    const net::StreamPtr client = b.connect_raw();
    CO_TRY(co_await client->write(all, b.soon()));
    std::string got = co_await read_all(*client, b.soon());
    co_await b.until_ended();
    co_return got;
  }(bench, std::move(bytes)));
}

TEST_CASE("a client that does not read stalls its own stream only, and not for long") {
  HttpRelayLimits limits;
  limits.write = milliseconds(100);
  limits.idle = milliseconds(300);
  Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
  // No window for any stream; then a request whose stream has one.
  const std::string start =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
      frames::frame(frames::kSettings, 0, 0, frames::number(4, 2) + frames::number(0));
  const std::string got =
      talk_raw(bench, start + frames::get(1) + frames::get(3) +
                          frames::frame(frames::kWindow, 0, 3, frames::number(1000)));
  CHECK(frames::frames_in(got, frames::kReset) == 1);
  CHECK(got.contains("GET / "));
  REQUIRE(bench.site.notes.size() == 2);
  CHECK(bench.site.notes[0].outcome == Outcome::allowed);
  CHECK(bench.site.notes[1].outcome == Outcome::failed);
  CHECK(bench.site.notes[1].words == "the client does not read");
}

// A client that has counted the bytes may be gone before a frame that only ends.
TEST_CASE("the end comes with the last content") {
  HttpRelayLimits limits;
  limits.idle = milliseconds(50);
  Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
  const std::string got = talk_raw(bench, frames::preface() + frames::get(1));
  CHECK(frames::frames_in(got, frames::kData) == 1);
  CHECK(got.contains(frames::frame(frames::kData, frames::kEndStream, 1, "GET / ")));
}

TEST_CASE("clients that attack are told to go, and it is on record") {
  struct Row {
    const char* name;
    std::string bytes;
    int code;  // of the GOAWAY
    std::string_view words;
  };
  std::string resets, pings, continued = frames::frame(frames::kHeaders, 0, 1, frames::get_head());
  for (std::uint32_t i = 0; i < 300; ++i)
    resets += frames::get(2 * i + 1) + frames::reset(2 * i + 1);
  for (int i = 0; i < 2000; ++i) pings += frames::frame(frames::kPing, 0, 0, "12345678");
  for (int i = 0; i < 20; ++i) continued += frames::frame(frames::kContinuation, 0, 1);
  const Row rows[] = {
      {"rapid reset", frames::preface() + resets, 11,
       "the connection asks for more than HTTP/2 programs do"},
      {"PING flood", frames::preface() + pings, 11,
       "the connection asks for more than HTTP/2 programs do"},
      {"CONTINUATION flood", frames::preface() + continued, 11,
       "the connection asks for more than HTTP/2 programs do"},
      {"HTTP/1.1", "GET / HTTP/1.1\r\nhost: a.test\r\n\r\n", 1, "the connection breaks HTTP/2"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Http2Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
      (void)co_await read_all(*stream, {});
    });
    const std::string got = talk_raw(bench, row.bytes);
    CHECK(frames::farewell_in(got) == row.code);
    REQUIRE_FALSE(bench.site.notes.empty());
    CHECK(bench.site.notes.back().words == row.words);
    CHECK(bench.site.notes.back().outcome == Outcome::refused);
    // Requests whose streams were reset at once were not dialled for.
    CHECK(bench.site.opened <= 1);
  }
}

TEST_CASE("a head that comes too slowly ends its connection") {
  HttpRelayLimits limits;
  limits.head = milliseconds(50);
  Http2Bench bench(echo_origin(std::make_shared<Seen>()), limits);
  (void)talk_raw(bench,
                 frames::preface() + frames::frame(frames::kHeaders, 0, 1, frames::get_head()));
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].words == "the head came too slowly");
}

}  // namespace
}  // namespace glovebox::egress
