#include "net/http_client.h"

#include "codec/sse.h"
#include "net/http_server.h"
#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;

Request get(std::string path) {
  Request request;
  request.path = std::move(path);
  return request;
}

// A peer that answers each request with these bytes, cut as given, and then closes or stays.
enum class Then : std::uint8_t { close, stay };
Peer::Script answering(World& world, std::string bytes, std::size_t cut, Then then) {
  return [&world, bytes, cut, then](StreamPtr stream, int) -> Task<void> {
    return [](World& w, StreamPtr s, std::string text, std::size_t at, Then after) -> Task<void> {
      for (;;) {
        if ((co_await read_head(*s)).empty()) co_return;
        const std::string_view whole = text;
        (void)co_await s->write(whole.substr(0, at), {});
        if (at < whole.size()) {
          co_await w.loop->sleep(microseconds(200));
          (void)co_await s->write(whole.substr(at), {});
        }
        if (after == Then::close) co_return;
      }
    }(world, std::move(stream), bytes, cut, then);
  };
}

TEST_CASE("responses that are refused") {
  struct Row {
    const char* name;
    std::string bytes;
    ErrorKind kind;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Row rows[] = {
      {"nothing", "", ErrorKind::closed},
      {"head cut", "HTTP/1.1 200 OK\r\ncontent-le", ErrorKind::closed},
      {"not HTTP", "SSH-2.0-x\r\n\r\n", ErrorKind::protocol},
      {"HTTP/2 version", "HTTP/2.0 200 OK\r\n\r\n", ErrorKind::unsupported},
      {"bare LF", "HTTP/1.1 200 OK\ncontent-length: 0\n\n", ErrorKind::protocol},
      {"folded line", ok + "a: b\r\n c\r\ncontent-length: 0\r\n\r\n", ErrorKind::protocol},
      {"space before colon", ok + "content-length : 0\r\n\r\n", ErrorKind::protocol},
      {"two lengths", ok + "content-length: 2\r\ncontent-length: 2\r\n\r\nok", ErrorKind::protocol},
      {"listed length", ok + "content-length: 2, 2\r\n\r\nok", ErrorKind::protocol},
      {"negative length", ok + "content-length: -2\r\n\r\nok", ErrorKind::protocol},
      {"length and chunked",
       ok + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
       ErrorKind::protocol},
      {"gzip, chunked", ok + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       ErrorKind::unsupported},
      {"body cut", ok + "content-length: 10\r\n\r\nok", ErrorKind::closed},
      {"chunk cut", ok + "transfer-encoding: chunked\r\n\r\n5\r\nab", ErrorKind::closed},
      {"last chunk missing", ok + "transfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
       ErrorKind::closed},
      {"chunk longer", ok + "transfer-encoding: chunked\r\n\r\n2\r\nabc\r\n", ErrorKind::protocol},
      {"chunk size sign", ok + "transfer-encoding: chunked\r\n\r\n+2\r\nab\r\n",
       ErrorKind::protocol},
      {"huge chunk", ok + "transfer-encoding: chunked\r\n\r\nfffffff\r\nab\r\n", ErrorKind::limit},
      {"long body", ok + "content-length: 1001\r\n\r\n", ErrorKind::limit},
      {"long body without length", ok + "\r\n" + std::string(1001, 'x'), ErrorKind::limit},
      {"long head", ok + "a: " + std::string(20000, 'x') + "\r\n\r\n", ErrorKind::limit},
      {"upgrade", "HTTP/1.1 101 Switching\r\n\r\n", ErrorKind::protocol},
  };
  for (const Row& row : rows) {
    World world;
    ClientLimits limits;
    limits.message.body = ByteLimit(1000);
    for (const std::size_t cut : {row.bytes.size(), row.bytes.size() / 2}) {
      Peer peer(world, answering(world, row.bytes, cut, Then::close));
      HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test", limits);
      const auto got = world.run(client.send(get("/x"), world.soon()));
      INFO(row.name << ": " << (got ? "accepted" : got.error().message()));
      REQUIRE_FALSE(got);
      CHECK(got.error().kind() == row.kind);
      CHECK(client.idle_connections() == 0);
    }
  }
}

TEST_CASE("responses that are understood, cut at every byte") {
  struct Row {
    const char* name;
    std::string bytes;
    Then then;
    std::size_t kept;
  };
  const Row rows[] = {
      {"length", "HTTP/1.1 201 Made\r\nContent-Length: 5\r\nrequest-id: r1\r\n\r\nhello",
       Then::stay, 1},
      {"chunked",
       "HTTP/1.1 201 X\r\nTransfer-Encoding: Chunked\r\nrequest-id: r1\r\n\r\n2;a=b\r\nhe\r\n"
       "003\r\nllo\r\n0\r\ntrailer: x\r\n\r\n",
       Then::stay, 1},
      {"to the end", "HTTP/1.1 201 X\r\nrequest-id: r1\r\n\r\nhello", Then::close, 0},
      {"1.0", "HTTP/1.0 201\r\ncontent-length: 5\r\nrequest-id: r1\r\n\r\nhello", Then::close, 0},
      {"interim",
       "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 201 X\r\nrequest-id: r1\r\n"
       "content-length: 5\r\nconnection: close\r\n\r\nhello",
       Then::close, 0},
  };
  for (const Row& row : rows)
    for (std::size_t cut = 0; cut <= row.bytes.size(); ++cut) {
      World world;
      Peer peer(world, answering(world, row.bytes, cut, row.then));
      HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test");
      const auto got = world.run(client.send(get("/x"), world.soon()));
      INFO(row.name << " cut at " << cut << (got ? "" : ": " + got.error().message()));
      REQUIRE(got);
      CHECK(got->status == 201);
      CHECK(got->body == "hello");
      CHECK(got->request_id() == "r1");
      CHECK(client.idle_connections() == row.kept);
    }
}

TEST_CASE("requests that are refused before anything is sent") {
  World world;
  Peer peer(world, answering(world, "", 0, Then::close));
  HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test");
  const Secret bad = Secret::take("key\r\nx-evil: 1");
  struct Row {
    const char* name;
    std::function<void(Request&)> change;
  };
  const Row rows[] = {
      {"method with space", [](Request& r) { r.method = "GET /"; }},
      {"CONNECT", [](Request& r) { r.method = "CONNECT"; }},
      {"path without slash", [](Request& r) { r.path = "x"; }},
      {"path with space", [](Request& r) { r.path = "/x y"; }},
      {"path with CRLF", [](Request& r) { r.path = "/x\r\na: b"; }},
      {"field name", [](Request& r) { r.fields.add("a b", "c"); }},
      {"field value", [](Request& r) { r.fields.add("a", "b\nc: d"); }},
      {"own host", [](Request& r) { r.fields.add("Host", "x"); }},
      {"own length", [](Request& r) { r.fields.add("content-length", "1"); }},
      {"own coding", [](Request& r) { r.fields.add("transfer-encoding", "chunked"); }},
      {"credential", [&](Request& r) { r.bearer = &bad; }},
  };
  for (const Row& row : rows) {
    Request request = get("/x");
    row.change(request);
    const auto got = world.run(client.send(std::move(request), world.soon()));
    INFO(row.name);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::invalid);
    CHECK(got.error().message().find("evil") == std::string::npos);
  }
  CHECK(peer.connections() == 0);
}

TEST_CASE("what is sent") {
  World world;
  auto seen = std::make_shared<std::string>();
  Peer peer(world, [seen](StreamPtr stream, int) -> Task<void> {
    return [](StreamPtr s, std::shared_ptr<std::string> out) -> Task<void> {
      *out = co_await read_head(*s);
      (void)co_await s->write("HTTP/1.1 204 X\r\n\r\n", {});
    }(std::move(stream), seen);
  });
  HttpClient client(*world.loop, world.connector, url_of(peer.port(), "/p/"), "glovebox/test");
  const Secret key = Secret::take("sk-test");
  Request request;
  request.method = "POST";
  request.path = "/v1/x?a=1";
  request.body = "{}";
  request.fields.add("content-type", "application/json");
  request.bearer = &key;
  REQUIRE(world.run(client.send(std::move(request), world.soon())));
  CHECK(*seen == "POST /p/v1/x?a=1 HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(peer.port()) +
                     "\r\nuser-agent: glovebox/test\r\ncontent-type: application/json\r\n"
                     "content-length: 2\r\nauthorization: Bearer sk-test\r\n\r\n{}");
}

// Answers the first request of each connection and then hangs up at the second, unanswered.
Task<void> answer_once(StreamPtr stream, int) {
  (void)co_await read_head(*stream);
  (void)co_await stream->write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", {});
  (void)co_await read_head(*stream);
}

TEST_CASE("a kept connection that is dead") {
  World world;
  Peer peer(world, answer_once);
  HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test");
  REQUIRE(world.run(client.send(get("/1"), world.soon())));
  SECTION("an idempotent request is sent once more") {
    REQUIRE(world.run(client.send(get("/2"), world.soon())));
    CHECK(peer.connections() == 2);
    REQUIRE(world.run(client.send(get("/3"), world.soon())));
    CHECK(peer.connections() == 3);
  }
  SECTION("another is not") {
    Request post = get("/2");
    post.method = "POST";
    const auto got = world.run(client.send(std::move(post), world.soon()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::closed);
    CHECK(peer.connections() == 1);
  }
}

TEST_CASE("a connection that ended while idle is not used again") {
  World world;
  Peer peer(world,
            answering(world, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 9999, Then::close));
  HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test");
  for (int i = 1; i <= 3; ++i) {
    Request post = get("/x");
    post.method = "POST";
    REQUIRE(world.run(client.send(std::move(post), world.soon())));
    world.run(world.loop->sleep(milliseconds(5)));
  }
  CHECK(peer.connections() == 3);
}

TEST_CASE("waits that end") {
  World world;
  auto silent = [&world](StreamPtr stream, int) -> Task<void> {
    return [](World& w, StreamPtr s) -> Task<void> {
      (void)co_await read_head(*s);
      (void)co_await s->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n",
                              {});
      co_await w.loop->sleep(kTooLong);
    }(world, std::move(stream));
  };
  auto mute = [&world](StreamPtr stream, int) -> Task<void> {
    return [](World& w, StreamPtr) -> Task<void> { co_await w.loop->sleep(kTooLong); }(
                                       world, std::move(stream));
  };
  ClientLimits limits;
  limits.idle_body = milliseconds(30);
  limits.to_headers = milliseconds(30);
  SECTION("no head") {
    Peer peer(world, mute);
    HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test", limits);
    const auto got = world.run(client.send(get("/x"), world.soon()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::timeout);
    CHECK(got.error().message().starts_with("GET 127.0.0.1:"));
  }
  SECTION("a stalled stream") {
    Peer peer(world, silent);
    HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test", limits);
    auto stream = world.run(client.open_stream(get("/x"), world.soon()));
    REQUIRE(stream);
    CHECK(*world.run(stream->read(world.soon())) == "ab");
    const auto next = world.run(stream->read(world.soon()));
    REQUIRE_FALSE(next);
    CHECK(next.error().kind() == ErrorKind::timeout);
    CHECK_FALSE(world.run(stream->read(world.soon())));
  }
  SECTION("cancelled") {
    Peer peer(world, mute);
    HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test");
    CancelSource source;
    world.loop->spawn([](World& w, CancelSource& s) -> Task<void> {
      co_await w.loop->sleep(milliseconds(10));
      s.cancel();
    }(world, source));
    const auto got = world.run(client.send(get("/x"), {std::nullopt, source.token()}));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::cancelled);
  }
}

TEST_CASE("nobody listens") {
  World world;
  std::uint16_t port = 0;
  {
    port = Listener::open(*world.loop, loopback(), 0)->port();
  }
  HttpClient client(*world.loop, world.connector, url_of(port), "test");
  const auto got = world.run(client.send(get("/x"), world.soon()));
  REQUIRE_FALSE(got);
  CHECK(got.error().error_number() == ECONNREFUSED);
}

TEST_CASE("server-sent events from our own server") {
  World world;
  auto server = HttpServer::listen(
      *world.loop, loopback(), 0,
      [](ServerRequest request, ServerExchange& exchange) -> Task<void> {
        CHECK(request.target == "/events");
        (void)co_await exchange.begin_stream(200, {{"content-type", "text/event-stream"}});
        for (int i = 0; i < 20; ++i)
          (void)co_await exchange.write(
              *codec::format_sse("message", "number " + std::to_string(i)));
        (void)co_await exchange.end_stream();
      });
  REQUIRE(server);
  HttpClient client(*world.loop, world.connector, url_of((*server)->port()), "test");
  auto stream = world.run(client.open_stream(get("/events"), world.soon()));
  REQUIRE(stream);
  CHECK(stream->status() == 200);
  codec::SseParser parser;
  int count = 0;
  for (;;) {
    const auto piece = world.run(stream->read(world.soon()));
    REQUIRE(piece);
    if (piece->empty()) break;
    REQUIRE(parser.push(*piece));
    while (const auto event = parser.next())
      CHECK(event->data == "number " + std::to_string(count++));
  }
  CHECK(count == 20);
  CHECK(client.idle_connections() == 1);
}

TEST_CASE("bodies that trickle") {
  World world;
  // 40 bytes, one each 5 ms.
  const auto trickle = [&world](StreamPtr stream, int) -> Task<void> {
    return [](World& w, StreamPtr to) -> Task<void> {
      (void)co_await read_head(*to);
      (void)co_await to->write("HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n", w.soon());
      for (int i = 0; i < 40; ++i) {
        if (!co_await to->write("x", w.soon())) co_return;
        co_await w.loop->sleep(milliseconds(5));
      }
    }(world, std::move(stream));
  };
  Peer peer(world, trickle);
  ClientLimits limits;
  limits.grace = milliseconds(40);
  SECTION("too slow") {
    HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test", limits);
    const auto got = world.run(client.send(get("/x"), world.soon()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::timeout);
    CHECK(got.error().message().contains("too little came for too long"));
  }
  SECTION("fast enough") {
    limits.slowest = 20;  // so 40 bytes have 2 s more
    HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test", limits);
    const auto got = world.run(client.send(get("/x"), world.soon()));
    REQUIRE(got);
    CHECK(got->body == std::string(40, 'x'));
  }
  SECTION("streams may be slow") {
    HttpClient client(*world.loop, world.connector, url_of(peer.port()), "test", limits);
    auto stream = world.run(client.open_stream(get("/x"), world.soon()));
    REQUIRE(stream);
    CHECK(*world.run(stream->read_all(ByteLimit(100), world.soon())) == std::string(40, 'x'));
  }
}

}  // namespace
}  // namespace glovebox::net
