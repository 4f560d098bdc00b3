#include "egress/http_relay.h"

#include "net/event.h"
#include "support.h"

namespace glovebox::egress {
namespace {

using namespace testing;

const std::string kHost = "host: a.test\r\n";

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + kHost + std::string(fields) + "\r\n";
}
std::string post(std::string_view target, std::string_view fields, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\n" + kHost + std::string(fields) + "\r\n" +
         std::string(body);
}
bool is_status(std::string_view answer, std::string_view status) {
  return answer.starts_with("HTTP/1.1 " + std::string(status) + " ");
}

TEST_CASE("requests that are passed on, cut at every byte") {
  const std::string all = get("/a?q=1") + post("/b", "Content-Length: 5\r\n", "hello") +
                          post("/c", "Transfer-Encoding: chunked\r\n",
                               "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n") +
                          "\r\n" +
                          "PUT http://A.TEST/d HTTP/1.1\r\nHOST: a.test:80\r\n"
                          "Content-Length: 0\r\n\r\n" +
                          "HEAD /e HTTP/1.1\r\n" + kHost + "\r\n" +
                          get("/f", "connection: close\r\n");
  const std::string sent =
      "GET /a?q=1 HTTP/1.1\r\nhost: a.test\r\n\r\n"
      "POST /b HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5\r\n\r\nhello";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    INFO("cut at " << cut);
    const auto seen = std::make_shared<Seen>();
    Bench bench(origin_of(seen, [](const Asked& asked) {
      if (asked.head.method == "HEAD")
        return std::string("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n");
      return ok(echo(asked));
    }));
    CHECK(bench.talk(all, cut) == ok("GET /a?q=1 ") + ok("POST /b hello") + ok("POST /c hello") +
                                      ok("PUT /d ") +
                                      "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n" +
                                      "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: "
                                      "close\r\n\r\nGET /f ");
    CHECK(seen->bytes.starts_with(sent));
    CHECK_FALSE(seen->bytes.contains("railer"));
    CHECK_FALSE(seen->bytes.contains("x=y"));
    CHECK(bench.site.opened == 1);
    CHECK(bench.site.judged.size() == 6);
    REQUIRE(bench.site.notes.size() == 6);
    for (const HttpExchange& note : bench.site.notes) {
      CHECK(note.outcome == HttpExchange::Outcome::allowed);
      CHECK(note.status == 200);
      CHECK(note.rule == "box.toml:3");
      CHECK(note.up > 0);
      CHECK(note.down > 0);
    }
    CHECK(bench.site.notes[0].path == "/a");
  }
}

TEST_CASE("streams that give a few bytes at a time, on both sides") {
  const std::string all = get("/a?q=1") + post("/b", "Content-Length: 5\r\n", "hello") +
                          post("/c", "Transfer-Encoding: chunked\r\n",
                               "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n") +
                          get("/denied") + get("/d", "connection: close\r\n");
  for (const std::size_t piece : {1uz, 2uz, 3uz, 5uz, 7uz, 16uz}) {
    INFO("pieces of " << piece);
    const auto seen = std::make_shared<Seen>();
    Bench bench(echo_origin(seen));
    bench.site.piece = piece;
    const std::string got = bench.talk(all);
    CHECK(got.starts_with(ok("GET /a?q=1 ") + ok("POST /b hello") + ok("POST /c hello") +
                          "HTTP/1.1 403 "));
    CHECK(got.ends_with("connection: close\r\n\r\nGET /d "));
    CHECK(bench.site.opened == 1);
    CHECK(seen->requests.size() == 4);
  }
}

TEST_CASE("what is refused on a connection, and what stands behind it is not read") {
  struct Row {
    const char* name;
    std::string bytes;
    const char* status;
  };
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "a: b\r\n";
  const std::string zero(1, '\0');
  const std::string line = "GET / HTTP/1.1\r\n";
  const Row rows[] = {
      {"F31 length and chunked",
       post("/", "content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n"), "400"},
      {"F31 two lengths", post("/", "content-length: 5\r\ncontent-length: 0\r\n", ""), "400"},
      {"F31 length with a sign", post("/", "content-length: +5\r\n", "hello"), "400"},
      {"F31 xchunked", post("/", "transfer-encoding: xchunked\r\n", "0\r\n\r\n"), "400"},
      {"F31 a length of chunks that is none",
       post("/", "transfer-encoding: chunked\r\n", "+5\r\nhello\r\n0\r\n\r\n"), "400"},
      {"F31 hexadecimal length of chunks",
       post("/", "transfer-encoding: chunked\r\n", "0x5\r\nhello\r\n0\r\n\r\n"), "400"},
      {"F31 a chunk that ends in LF",
       post("/", "transfer-encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"), "400"},
      {"F31 a chunk that is longer than it says",
       post("/", "transfer-encoding: chunked\r\n", "1\r\nhello\r\n0\r\n\r\n"), "400"},
      {"F32 bare LF", "GET / HTTP/1.1\nhost: a.test\n\n", "400"},
      {"F32 bare LF at the end", line + "host: a.test\r\n\n", "400"},
      {"F32 bare CR", line + "host: a.test\r\r\n\r\n", "400"},
      {"F32 CR for CRLF", line + "host: a.test\ra: b\r\n\r\n", "400"},
      {"F32 zero byte", line + "host: a.test" + zero + "\r\n\r\n", "400"},
      {"F32 folded line", line + "host: a.test\r\n b\r\n\r\n", "400"},
      {"F32 blank before the colon", line + "host : a.test\r\n\r\n", "400"},
      {"F32 two empty lines in front", "\r\n\r\n" + get("/"), "400"},
      {"F32 LF in front", "\n" + get("/"), "400"},
      {"F28 another host", line + "host: b.test\r\n\r\n", "421"},
      {"F35 h2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "405"},
      {"F37 CONNECT", "CONNECT a.test:80 HTTP/1.1\r\n" + kHost + "\r\n", "405"},
      {"F41 a head of 1 MiB", line + kHost + "a: " + std::string(1 << 20, 'x') + "\r\n\r\n", "431"},
      {"F41 10,000 fields", line + kHost + many + "\r\n", "431"},
      {"F41 a target of 64 KiB", get("/" + std::string(64 * 1024, 'x')), "414"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 12), "400"},
      {"SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "400"},
  };
  for (const Row& row : rows) {
    for (const bool in_pieces : {false, true}) {
      INFO(row.name);
      const auto seen = std::make_shared<Seen>();
      // Bodies that turn out to be malformed reach an origin that never sees their end.
      Bench bench([seen](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
        seen->bytes += co_await read_all(*stream, {});
      });
      const std::string got =
          bench.talk(row.bytes + get("/next"), in_pieces ? row.bytes.size() / 2 : 0);
      CHECK(is_status(got, row.status));
      CHECK(got.contains("connection: close\r\n"));
      CHECK(got.find("HTTP/1.1", 1) == std::string::npos);
      CHECK_FALSE(seen->bytes.contains("/next"));
      CHECK_FALSE(seen->bytes.contains("0\r\n\r\n"));
      REQUIRE(bench.site.notes.size() == 1);
      CHECK(bench.site.notes[0].outcome != HttpExchange::Outcome::allowed);
      CHECK(std::to_string(bench.site.notes[0].status) == row.status);
      CHECK_FALSE(bench.site.notes[0].words.empty());
    }
  }
}

TEST_CASE("F34 every request on a connection is judged") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  const std::string got = bench.talk(get("/a") + get("/denied/x?secret") + get("/b") +
                                     "GET /c HTTP/1.1\r\nhost: b.test\r\n\r\n" + get("/d"));
  const std::string denied = "denied by policy: no rule allows this method or path (box.toml:7)\n";
  const std::string other = "the host is not the one that was dialled\n";
  CHECK(got == ok("GET /a ") +
                   "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: " +
                   std::to_string(denied.size()) + "\r\n\r\n" + denied + ok("GET /b ") +
                   "HTTP/1.1 421 Misdirected Request\r\ncontent-type: text/plain\r\n"
                   "content-length: " +
                   std::to_string(other.size()) + "\r\nconnection: close\r\n\r\n" + other);
  CHECK(bench.site.judged == std::vector<std::string>{"GET /a", "GET /denied/x", "GET /b"});
  CHECK(seen->requests.size() == 2);
  REQUIRE(bench.site.notes.size() == 4);
  CHECK(bench.site.notes[1].outcome == HttpExchange::Outcome::denied);
  CHECK(bench.site.notes[1].path == "/denied/x");
  CHECK(bench.site.notes[1].rule == "box.toml:7");
  CHECK(bench.site.notes[1].up == 0);
  CHECK(bench.site.notes[3].outcome == HttpExchange::Outcome::refused);
  CHECK(bench.site.notes[3].method == "GET");
}

TEST_CASE("nothing is dialled for what is denied") {
  for (const std::string& request : {get("/denied"), "DELETE /a HTTP/1.1\r\n" + kHost + "\r\n",
                                     post("/denied", "content-length: 5\r\n", "hello")}) {
    Bench bench(echo_origin(std::make_shared<Seen>()));
    CHECK(is_status(bench.talk(request), "403"));
    CHECK(bench.site.opened == 0);
  }
}

TEST_CASE("a denied request with a body ends the connection") {
  Bench bench(echo_origin(std::make_shared<Seen>()));
  const std::string got =
      bench.talk(post("/denied", "content-length: 40\r\n", get("/next")) + get("/other"));
  CHECK(is_status(got, "403"));
  CHECK(got.contains("connection: close\r\n"));
  CHECK(bench.site.judged.size() == 1);
}

TEST_CASE("how answers are carried") {
  struct Row {
    const char* name;
    std::string request, answer, got;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const std::string chunked = head + "transfer-encoding: chunked\r\n\r\n";
  const std::string old = "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n";
  const Row rows[] = {
      {"length", get("/"), head + "Content-Length: 3\r\n\r\nabc",
       head + "content-length: 3\r\n\r\nabc"},
      {"chunks", get("/"), chunked + "1;x\r\na\r\n2\r\nbc\r\n0\r\nT: x\r\n\r\n",
       chunked + "3\r\nabc\r\n0\r\n\r\n"},
      {"until the end", get("/"), head + "\r\nabc", chunked + "3\r\nabc\r\n0\r\n\r\n"},
      {"no body", get("/"), head + "content-length: 0\r\n\r\n", head + "content-length: 0\r\n\r\n"},
      {"204", get("/"), "HTTP/1.1 204 X\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"304", get("/"), "HTTP/1.1 304 X\r\ncontent-length: 9\r\n\r\n",
       "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n"},
      {"chunks to HTTP/1.0", old, chunked + "3\r\nabc\r\n0\r\n\r\n",
       head + "connection: close\r\n\r\nabc"},
      {"interim answers", get("/"),
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + ok("x"),
       ok("x")},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    // The origin's bytes as one write and byte by byte.
    for (const bool slowly : {false, true}) {
      Bench bench([&](net::Loop& loop, net::StreamPtr stream, int) -> net::Task<void> {
        (void)co_await testing::read_head(*stream);
        const std::string_view bytes = row.answer;
        for (std::size_t i = 0; i < bytes.size(); i += slowly ? 1 : bytes.size()) {
          (void)co_await stream->write(slowly ? bytes.substr(i, 1) : bytes, {});
          if (slowly) co_await loop.yield();
        }
      });
      std::string got = bench.talk(row.request);
      if (slowly && got.contains("chunked\r\n")) {
        CHECK(got.ends_with("0\r\n\r\n"));
        CHECK(got.contains("c\r\n"));
      } else {
        CHECK(got == row.got);
      }
      REQUIRE(bench.site.notes.size() == 1);
      CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::allowed);
      CHECK(bench.site.notes[0].down == row.answer.size());
    }
  }
}

TEST_CASE("a client that waits for 100 gets it from the origin") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    const std::string head = co_await testing::read_head(*stream);
    CHECK(head ==
          "PUT /a HTTP/1.1\r\nhost: a.test\r\nexpect: 100-continue\r\ncontent-length: "
          "5\r\n\r\n");
    for (int i = 0; i < 3; ++i)
      (void)co_await stream->write("HTTP/1.1 100 go on\r\nx: y\r\n\r\n", {});
    CHECK(co_await read_until(*stream, "hello") == "hello");
    (void)co_await stream->write(ok("taken"), {});
  });
  const std::string got = bench.run([](Bench& b) -> net::Task<Result<std::string>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(
        "PUT /a HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b.soon()));
    CHECK(co_await testing::read_head(*client) == "HTTP/1.1 100 Continue\r\n\r\n");
    CO_TRY(co_await client->write("hello", b.soon()));
    CO_TRY(co_await client->finish(b.soon()));
    co_return co_await read_all(*client, b.soon());
  }(bench));
  CHECK(got == ok("taken"));
}

TEST_CASE("a body whose expectation is refused is not sent") {
  const std::string hidden = "GET /denied HTTP/1.1\r\n" + kHost + "\r\n";
  const auto seen = std::make_shared<Seen>();
  Bench bench([seen](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write("HTTP/1.1 103 Early Hints\r\n\r\n" + ok("no"), {});
    seen->bytes = co_await read_all(*stream, {});
  });
  const std::string got =
      bench.talk("PUT /a HTTP/1.1\r\n" + kHost + "Expect: 100-continue\r\nContent-Length: " +
                 std::to_string(hidden.size()) + "\r\n\r\n" + hidden + get("/next"));
  CHECK(got == "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
  CHECK(seen->bytes.empty());
  CHECK(bench.site.judged.size() == 1);
}

TEST_CASE("an origin that does not know the expectation gets the body after a while") {
  HttpRelayLimits limits;
  limits.go_ahead = milliseconds(20);
  Bench bench(
      [](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
        (void)co_await testing::read_head(*stream);
        CHECK(co_await read_until(*stream, "hello") == "hello");
        (void)co_await stream->write(ok("taken"), {});
      },
      limits);
  CHECK(bench.talk("PUT /a HTTP/1.1\r\n" + kHost +
                   "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello") == ok("taken"));
}

TEST_CASE("an answer before the end of the body ends the connection") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write(ok("enough"), {});
    (void)co_await read_all(*stream, {});
  });
  const std::string got = bench.run([](Bench& b) -> net::Task<Result<std::string>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(post("/a", "content-length: 10\r\n", "hello"), b.soon()));
    co_return co_await read_all(*client, b.soon());
  }(bench));
  CHECK(got == "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nenough");
}

TEST_CASE("bodies go both ways at once") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", {});
    for (const char* part : {"1\r\na\r\n", "1\r\nb\r\n", "0\r\n\r\n"}) {
      CHECK(co_await read_until(*stream, part) == part);
      (void)co_await stream->write(part, {});
    }
  });
  bench.run([](Bench& b) -> net::Task<Result<int>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(post("/a", "transfer-encoding: chunked\r\n", ""), b.soon()));
    CHECK((co_await testing::read_head(*client)).contains("connection: close\r\n"));
    for (const char* part : {"1\r\na\r\n", "1\r\nb\r\n", "0\r\n\r\n"}) {
      CO_TRY(co_await client->write(part, b.soon()));
      CHECK(co_await read_until(*client, part) == part);
    }
    co_return 0;
  }(bench));
}

TEST_CASE("events pass one by one") {
  // The origin sends the next event only when the client has the one before.
  struct Turn {
    explicit Turn(net::Loop& loop) : got(loop) {}
    net::Event got;
  };
  std::shared_ptr<Turn> turn;
  Bench bench([&](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n",
        {});
    for (int i = 0; i < 3; ++i) {
      turn->got.clear();
      (void)co_await stream->write("9\r\ndata: x\n\n\r\n", {});
      (void)co_await turn->got.wait();
    }
    (void)co_await stream->write("0\r\n\r\n", {});
  });
  turn = std::make_shared<Turn>(*bench.loop);
  bench.run([](Bench& b, std::shared_ptr<Turn> on) -> net::Task<Result<int>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(get("/events"), b.soon()));
    for (int i = 0; i < 3; ++i) {
      CHECK((co_await read_until(*client, "data: x\n\n\r\n")).ends_with("9\r\ndata: x\n\n\r\n"));
      on->got.set();
    }
    CHECK(co_await read_until(*client, "0\r\n\r\n") == "0\r\n\r\n");
    co_return 0;
  }(bench, turn));
}

TEST_CASE("F35 a WebSocket that is allowed") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    const std::string head = co_await testing::read_head(*stream);
    CHECK(head.ends_with("connection: Upgrade\r\nupgrade: websocket\r\n\r\n"));
    (void)co_await stream->write(
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nS: t\r\n\r\nfirst", {});
    CHECK(co_await read_until(*stream, "ping") == "ping");
    (void)co_await stream->write("pong", {});
    CHECK(co_await read_all(*stream, {}) == "");
    (void)co_await stream->write("last", {});
  });
  const std::string rest = bench.run([](Bench& b) -> net::Task<Result<std::string>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(get("/ws", "Upgrade: websocket\r\nConnection: Upgrade\r\n"),
                                  b.soon()));
    CHECK(co_await read_until(*client, "first") ==
          "HTTP/1.1 101 Switching Protocols\r\nS: t\r\nconnection: Upgrade\r\nupgrade: "
          "websocket\r\n\r\nfirst");
    CO_TRY(co_await client->write("ping", b.soon()));
    CHECK(co_await read_until(*client, "pong") == "pong");
    CO_TRY(co_await client->finish(b.soon()));
    std::string end = co_await read_all(*client, b.soon());
    while (!b.ended) co_await b.loop->yield();
    co_return end;
  }(bench));
  CHECK(rest == "last");
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].status == 101);
  CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::allowed);
}

TEST_CASE("F35 a WebSocket that is denied, and one that the origin does not want") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  CHECK(is_status(bench.talk(get("/denied/ws", upgrade)), "403"));
  CHECK(bench.site.opened == 0);
  CHECK(bench.talk(get("/ws", upgrade) + get("/next")) == ok("GET /ws ") + ok("GET /next "));
}

TEST_CASE("the origin's connection serves one client only") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  CHECK(bench.talk(get("/a") + get("/b")) == ok("GET /a ") + ok("GET /b "));
  CHECK(bench.site.opened == 1);
  CHECK(bench.talk(get("/c")) == ok("GET /c "));
  CHECK(bench.site.opened == 2);
}

TEST_CASE("large bodies pass whole, both ways") {
  const auto seen = std::make_shared<Seen>();
  std::string large;
  for (int i = 0; large.size() < 3'000'000; ++i) large += std::to_string(i) + ",";
  Bench bench(echo_origin(seen));
  for (const bool chunked : {false, true}) {
    const std::string request =
        chunked
            ? post("/", "transfer-encoding: chunked\r\n", to_chunk(large) + std::string(kLastChunk))
            : post("/", "content-length: " + std::to_string(large.size()) + "\r\n", large);
    const std::string got =
        bench.run([](Bench& b, std::string bytes) -> net::Task<Result<std::string>> {
          const net::StreamPtr client = b.connect();
          CO_TRY(co_await client->write(bytes, b.soon()));
          CO_TRY(co_await client->finish(b.soon()));
          co_return co_await read_all(*client, b.soon());
        }(bench, request));
    CHECK(got == ok("POST / " + large));
  }
}

}  // namespace
}  // namespace glovebox::egress
