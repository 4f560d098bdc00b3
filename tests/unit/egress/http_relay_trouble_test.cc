// What goes wrong between the two peers: origins that fail, peers that are slow, budgets.
#include "egress/http_relay.h"
#include "support.h"

namespace glovebox::egress {
namespace {

using namespace testing;

const std::string kHost = "host: a.test\r\n";

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\n" + kHost + "\r\n";
}
std::string post(std::string_view target, std::string_view fields, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\n" + kHost + std::string(fields) + "\r\n" +
         std::string(body);
}
bool is_status(std::string_view answer, std::string_view status) {
  return answer.starts_with("HTTP/1.1 " + std::string(status) + " ");
}
// An origin that reads one head and sends these bytes.
Script saying(std::string bytes) {
  return [bytes](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write(bytes, {});
  };
}
// One that reads and never answers.
net::Task<void> say_nothing(net::Loop&, net::StreamPtr stream, int) {
  (void)co_await read_all(*stream, {});
}

TEST_CASE("F53 origins that cannot be reached") {
  struct Row {
    ErrorKind kind;
    const char* status;
    const char* words;
  };
  const Row rows[] = {
      {ErrorKind::invalid, "502", "the origin's certificate does not hold\n"},
      {ErrorKind::denied, "502", "the origin's address is not allowed\n"},
      {ErrorKind::closed, "502", "the origin refused the connection\n"},
      {ErrorKind::not_found, "502", "the origin has no address\n"},
      {ErrorKind::protocol, "502", "the origin does not speak the protocol\n"},
      {ErrorKind::io, "502", "the origin could not be reached\n"},
      {ErrorKind::timeout, "504", "the origin did not answer in time\n"},
  };
  for (const Row& row : rows) {
    INFO(row.words);
    Bench bench(say_nothing);
    bench.site.refusal = row.kind;
    const std::string got = bench.talk(get("/a"));
    CHECK(is_status(got, row.status));
    CHECK(got.ends_with("connection: close\r\n\r\n" + std::string(row.words)));
    CHECK_FALSE(got.contains("203.0.113.9"));
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
    CHECK(bench.site.notes[0].rule == "box.toml:3");
    CHECK(bench.site.notes[0].words + "\n" == row.words);
  }
}

TEST_CASE("answers that are not passed on") {
  struct Row {
    const char* name;
    std::string bytes;
  };
  const std::string head = "HTTP/1.1 200 OK\r\n";
  std::string many, hints;
  for (int i = 0; i < 10'000; ++i) many += "a: b\r\n";
  for (int i = 0; i < 9; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  const Row rows[] = {
      {"nothing", ""},
      {"half a head", "HTTP/1.1 200 OK\r\na: b\r\n"},
      {"not HTTP", "hello\r\n\r\n"},
      {"F32 bare LF", "HTTP/1.1 200 OK\n\n"},
      {"an empty line in front", "\r\n" + ok("x")},
      {"F31 length and chunked",
       head + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"F35 an upgrade that nobody asked for",
       "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nx"},
      {"F44 10,000 fields", head + many + "\r\n"},
      {"F44 a head of 1 MiB", head + "a: " + std::string(1 << 20, 'x') + "\r\n\r\n"},
      {"F44 a flood of interim answers", hints + ok("x")},
      {"F44 a line end in a cookie", head + "set-cookie: a\rb: c\r\ncontent-length: 0\r\n\r\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Bench bench(saying(row.bytes));
    const std::string got = bench.talk(get("/a") + get("/next"));
    CHECK(is_status(got, "502"));
    CHECK(got.find("HTTP/1.1", 1) == std::string::npos);
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
    CHECK(bench.site.notes[0].status == 502);
  }
}

TEST_CASE("an answer that breaks off does not look whole") {
  struct Row {
    const char* name;
    std::string bytes;
  };
  const std::string chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
  const Row rows[] = {
      {"in a length", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc"},
      {"in a chunk", chunked + "5\r\nabc"},
      {"between chunks", chunked + "3\r\nabc\r\n"},
      {"behind a malformed chunk", chunked + "3\r\nabcd\r\n0\r\n\r\n"},
      {"in the trailers", chunked + "3\r\nabc\r\n0\r\nx: y\r\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Bench bench(saying(row.bytes));
    const std::string got = bench.talk(get("/a") + get("/next"));
    CHECK_FALSE(got.contains("0\r\n\r\n"));
    CHECK_FALSE(got.contains("/next"));
    CHECK(got.find("HTTP/1.1", 1) == std::string::npos);
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
  }
}

TEST_CASE("bytes behind an answer are no answer to the next request") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int number) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write(ok(number == 0 ? "one" : "two") + ok("smuggled"), {});
    (void)co_await read_all(*stream, {});
  });
  CHECK(bench.talk(get("/a") + get("/b")) == ok("one") + ok("two"));
  CHECK(bench.site.opened == 2);
}

TEST_CASE("a kept connection that is dead") {
  struct Row {
    const char* name;
    std::string second;
    const char* answer;
    int opened;
  };
  const Row rows[] = {
      {"GET", get("/b"), "200", 2},
      {"PUT without a body", "PUT /b HTTP/1.1\r\n" + kHost + "content-length: 0\r\n\r\n", "200", 2},
      {"POST", post("/b", "content-length: 0\r\n", ""), "502", 1},
      {"PUT with a body", "PUT /b HTTP/1.1\r\n" + kHost + "content-length: 1\r\n\r\nx", "502", 1},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    // Each connection answers its first request; the first ends when the second request comes.
    Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
      (void)co_await testing::read_head(*stream);
      (void)co_await stream->write(ok("x"), {});
      (void)co_await testing::read_head(*stream);
    });
    const std::string got = bench.talk(get("/a") + row.second);
    REQUIRE(got.starts_with(ok("x")));
    CHECK(is_status(got.substr(ok("x").size()), row.answer));
    CHECK(bench.site.opened == row.opened);
    CHECK(bench.site.judged.size() == 2);
    CHECK(bench.site.notes.size() == 2);
  }
}

TEST_CASE("a kept connection that has ended is not used, whatever the method") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write(ok("x"), {});
  });
  CHECK(bench.talk(get("/a") + post("/b", "content-length: 0\r\n", "")) == ok("x") + ok("x"));
  CHECK(bench.site.opened == 2);
}

TEST_CASE("an origin that closes says so once") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(origin_of(seen, [](const Asked&) {
    return std::string("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  }));
  const std::string one = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
  CHECK(bench.talk(get("/a") + get("/b")) == one + one);
  CHECK(bench.site.opened == 2);
}

TEST_CASE("peers that are slow") {
  struct Row {
    const char* name;
    std::string sent;
    std::string status;  // empty: closed without a word
    std::size_t notes;
    HttpRelayLimits limits;
  };
  HttpRelayLimits head, idle, body, silence;
  head.head = milliseconds(20);
  idle.idle = milliseconds(20);
  body.body_silence = milliseconds(20);
  silence.answer_silence = milliseconds(20);
  const Row rows[] = {
      {"no request", "", "", 0, idle},
      {"an empty line and no request", "\r\n", "", 0, head},
      {"half a head", "GET / HT", "408", 1, head},
      {"no blank line", "GET / HTTP/1.1\r\n" + kHost, "408", 1, head},
      {"half a body", post("/", "content-length: 5\r\n", "he"), "408", 1, body},
      {"half a chunk", post("/", "transfer-encoding: chunked\r\n", "5\r\nhe"), "408", 1, body},
      {"no answer", get("/"), "504", 1, silence},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Bench bench(say_nothing, row.limits);
    const std::string got =
        bench.run([](Bench& b, std::string bytes) -> net::Task<Result<std::string>> {
          const net::StreamPtr client = b.connect();
          CO_TRY(co_await client->write(bytes, b.soon()));
          std::string answer = co_await read_all(*client, b.soon());
          CO_TRY(co_await client->finish(b.soon()));
          while (!b.ended) co_await b.loop->yield();
          co_return answer;
        }(bench, row.sent));
    if (row.status.empty())
      CHECK(got.empty());
    else
      CHECK(is_status(got, row.status));
    CHECK(bench.site.notes.size() == row.notes);
    CHECK(*bench.ended);
  }
}

TEST_CASE("F43 a head that drips is ended by the clock, not kept alive by its bytes") {
  HttpRelayLimits limits;
  limits.head = milliseconds(50);
  Bench bench(say_nothing, limits);
  const std::string got = bench.run([](Bench& b) -> net::Task<Result<std::string>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write("GET / HTTP/1.1\r\na: ", b.soon()));
    const Duration began = b.loop->now();
    while (b.loop->now() < began + seconds(10)) {
      if (!co_await client->write("x", b.soon())) break;
      if (!client->is_quiet()) break;
      co_await b.loop->sleep(milliseconds(1));
    }
    CHECK(b.loop->now() < began + seconds(10));
    co_return co_await read_all(*client, b.soon());
  }(bench));
  CHECK(is_status(got, "408"));
}

TEST_CASE("a client that does not read does not hold an answer for ever, nor much of it") {
  HttpRelayLimits limits;
  limits.write = milliseconds(50);
  std::uint64_t sent = 0;
  Bench bench(
      [&](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
        (void)co_await testing::read_head(*stream);
        (void)co_await stream->write("HTTP/1.1 200 OK\r\n\r\n", {});
        const std::string piece(16 * kKiB, 'x');
        while (co_await stream->write(piece, {})) sent += piece.size();
      },
      limits);
  bench.run([](Bench& b) -> net::Task<Result<int>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(get("/a"), b.soon()));
    const Duration began = b.loop->now();
    while (!b.ended && b.loop->now() < began + seconds(10)) co_await b.loop->sleep(milliseconds(1));
    CHECK(b.ended);
    co_return 0;
  }(bench));
  CHECK(sent < 4 * kMiB);  // what two sockets hold
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].words == "the client does not read");
  CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
}

TEST_CASE("a client that goes away in the middle of a body") {
  const auto seen = std::make_shared<Seen>();
  Bench bench([seen](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    seen->bytes = co_await read_all(*stream, {});
  });
  CHECK(bench.talk(post("/a", "content-length: 10\r\n", "hello")).empty());
  bench.run([](Bench& b) -> net::Task<Result<int>> {
    for (int i = 0; i < 10; ++i) co_await b.loop->yield();
    co_return 0;
  }(bench));
  CHECK(seen->bytes.ends_with("\r\n\r\nhello"));
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].status == 0);
  CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
}

TEST_CASE("F43 budgets of a connection") {
  struct Row {
    const char* name;
    std::string request, answer, got;
    int opened;
  };
  HttpRelayLimits limits;
  limits.up = ByteLimit(1000);
  limits.down = ByteLimit(1000);
  const std::string large(2000, 'x');
  const std::string chunked = "transfer-encoding: chunked\r\n";
  const Row rows[] = {
      {"a length up", post("/", "content-length: 1001\r\n", ""), "", "413", 0},
      {"a GiB up", post("/", "content-length: 1073741824\r\n", large), "", "413", 0},
      {"a chunk up", post("/", chunked, "fffffff\r\n" + large), "", "413", 1},
      {"chunks up",
       post("/", chunked, to_chunk(std::string(500, 'x')) + to_chunk(std::string(500, 'x'))), "",
       "413", 1},
      {"a length down", get("/"), ok(large), "502", 1},
      {"chunks down", get("/"),
       "HTTP/1.1 200 OK\r\n" + chunked + "\r\n" + to_chunk(large) + to_chunk(large) + "0\r\n\r\n",
       "200", 1},
      {"until the end down", get("/"), "HTTP/1.1 200 OK\r\n\r\n" + large + large, "200", 1},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Bench bench(
        [&](net::Loop& loop, net::StreamPtr stream, int) -> net::Task<void> {
          (void)co_await testing::read_head(*stream);
          for (std::size_t i = 0; i < row.answer.size(); i += 700) {
            (void)co_await stream->write(std::string_view(row.answer).substr(i, 700), {});
            for (int turn = 0; turn < 4; ++turn) co_await loop.yield();
          }
          if (row.answer.empty()) (void)co_await read_all(*stream, {});
        },
        limits);
    const std::string got = bench.talk(row.request);
    CHECK(is_status(got, row.got));
    CHECK_FALSE(got.contains("0\r\n\r\n"));
    CHECK(got.size() < 2500);
    CHECK(bench.site.opened == row.opened);
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
    CHECK(bench.site.notes[0].words.contains("this connection may still"));
    CHECK(bench.site.notes[0].up <= 1000);
  }
}

TEST_CASE("F43 many small requests use up the same budget") {
  HttpRelayLimits limits;
  limits.up = ByteLimit(10'000);
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen), limits);
  std::string all;
  for (int i = 0; i < 100; ++i) all += post("/", "content-length: 400\r\n", std::string(400, 'x'));
  CHECK(bench.talk(all).contains("HTTP/1.1 413 "));
  CHECK(seen->bytes.size() <= 10'000);
  CHECK(seen->requests.size() > 15);
}

TEST_CASE("F43 requests of one connection") {
  HttpRelayLimits limits;
  limits.requests = 3;
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen), limits);
  const std::string got = bench.talk(get("/1") + get("/2") + get("/3") + get("/4"));
  CHECK(got == ok("GET /1 ") + ok("GET /2 ") +
                   "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nGET /3 ");
  CHECK(seen->requests.size() == 3);
}

TEST_CASE("a WebSocket has budgets and a limit of silence") {
  const std::string upgrade =
      "GET /ws HTTP/1.1\r\n" + kHost + "upgrade: websocket\r\nconnection: upgrade\r\n\r\n";
  const std::string switched = "HTTP/1.1 101 X\r\nupgrade: websocket\r\n\r\n";
  struct Row {
    const char* name;
    std::string up, down;
    HttpRelayLimits limits;
  };
  HttpRelayLimits small_up, small_down, silent;
  small_up.up = ByteLimit(300);
  small_down.down = ByteLimit(300);
  silent.tunnel_silence = milliseconds(20);
  const std::string large(1000, 'x');
  const Row rows[] = {
      {"up", large, "", small_up}, {"down", "", large, small_down}, {"silence", "a", "b", silent}};
  for (const Row& row : rows) {
    INFO(row.name);
    Bench bench(
        [&](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
          (void)co_await testing::read_head(*stream);
          (void)co_await stream->write(switched + row.down, {});
          (void)co_await read_all(*stream, {});
        },
        row.limits);
    bench.run([](Bench& b, std::string first, std::string second) -> net::Task<Result<int>> {
      const net::StreamPtr client = b.connect();
      CO_TRY(co_await client->write(first, b.soon()));
      (void)co_await testing::read_head(*client);
      CO_TRY(co_await client->write(second, b.soon()));
      (void)co_await read_all(*client, b.soon());
      const Duration began = b.loop->now();
      while (!b.ended && b.loop->now() < began + seconds(10))
        co_await b.loop->sleep(milliseconds(1));
      CHECK(b.ended);
      co_return 0;
    }(bench, upgrade, row.up));
    REQUIRE(bench.site.notes.size() == 1);
    CHECK(bench.site.notes[0].status == 101);
    CHECK(bench.site.notes[0].outcome == HttpExchange::Outcome::failed);
    CHECK(bench.site.notes[0].up < 300);
  }
}

TEST_CASE("a relay is called off wherever it waits") {
  struct Row {
    const char* name;
    std::string sent;
    std::size_t notes;
  };
  const Row rows[] = {
      {"for a request", "", 0},
      {"for a head", "GET / HT", 0},
      {"for a body", post("/", "content-length: 5\r\n", "he"), 1},
      {"for an answer", get("/"), 1},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Bench bench(say_nothing);
    bench.run([](Bench& b, std::string bytes) -> net::Task<Result<int>> {
      const net::StreamPtr client = b.connect();
      CO_TRY(co_await client->write(bytes, b.soon()));
      for (int turn = 0; turn < 10; ++turn) co_await b.loop->yield();
      CHECK_FALSE(b.ended);
      b.cancel.cancel();
      CHECK(co_await read_all(*client, b.soon()) == "");
      while (!b.ended) co_await b.loop->yield();
      co_return 0;
    }(bench, row.sent));
    REQUIRE_FALSE(*bench.ended);
    CHECK(bench.ended->error().kind() == ErrorKind::cancelled);
    CHECK(bench.site.notes.size() == row.notes);
  }
}

TEST_CASE("a loop that ends in the middle of an exchange") {
  Bench bench(say_nothing);
  bench.run([](Bench& b) -> net::Task<Result<int>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(post("/", "content-length: 5\r\n", "he"), b.soon()));
    for (int turn = 0; turn < 10; ++turn) co_await b.loop->yield();
    co_return 0;
  }(bench));
  CHECK(bench.site.opened == 1);
  CHECK(bench.loop->tasks() > 2);  // relay, upload, origin: the bench ends them
}

}  // namespace
}  // namespace glovebox::egress
