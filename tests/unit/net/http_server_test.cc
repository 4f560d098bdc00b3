#include "net/http_server.h"

#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;

// Answers by the request's path.
Task<void> answer(ServerRequest request, ServerExchange& exchange) {
  const auto& path = request.target;
  if (path == "/echo")
    (void)co_await exchange.respond(200, {}, request.method + " " + request.body);
  else if (path == "/stream") {
    (void)co_await exchange.begin_stream(200, {});
    for (const char* part : {"a", "", "bc"}) (void)co_await exchange.write(part);
    (void)co_await exchange.end_stream();
  } else if (path == "/half") {
    (void)co_await exchange.begin_stream(200, {});
    (void)co_await exchange.write("half");
  } else if (path == "/cut") {
    exchange.cut();
  } else if (path == "/raw") {
    (void)co_await exchange.raw("HTTP/1.1 2x0 NO\r\n\r\n");
  } else if (path == "/empty") {
    (void)co_await exchange.respond(204, {}, "dropped");
  } else if (path == "/twice") {
    CHECK(co_await exchange.respond(200, {}, "1"));
    const auto second = co_await exchange.respond(200, {}, "2");
    CHECK((!second && second.error().kind() == ErrorKind::conflict));
  } else if (path == "/bad-field") {
    CHECK_FALSE(co_await exchange.respond(200, {{"a", "b\r\nc: d"}}, ""));
    CHECK_FALSE(co_await exchange.respond(200, {{"content-length", "3"}}, ""));
  }
}

// Sends bytes in two pieces on one connection, and gives everything that comes back.
Task<Result<std::string>> talk(World& world, std::uint16_t port, std::string bytes,
                               std::size_t cut) {
  StreamPtr stream = CO_TRY(co_await world.dialer.dial({loopback(), port}, world.soon()));
  const std::string_view whole = bytes;
  CO_TRY(co_await stream->write(whole.substr(0, cut), world.soon()));
  if (cut < whole.size()) {
    co_await world.loop->sleep(microseconds(200));
    CO_TRY(co_await stream->write(whole.substr(cut), world.soon()));
  }
  CO_TRY(co_await stream->finish(world.soon()));
  std::string all;
  for (;;) {
    auto piece = co_await stream->read(world.soon());
    if (!piece || piece->empty()) co_return all;
    all += *piece;
  }
}

// Dates away, so that answers can be compared.
std::string without_dates(std::string text) {
  for (;;) {
    const auto at = text.find("date: ");
    if (at == std::string::npos) return text;
    text.erase(at, text.find("\r\n", at) + 2 - at);
  }
}

TEST_CASE("requests that are refused") {
  struct Row {
    const char* name;
    std::string bytes;
    const char* status;
  };
  const std::string host = "host: x\r\n";
  std::string many;
  for (int i = 0; i < 70; ++i) many += "a: b\r\n";
  const Row rows[] = {
      {"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
      {"two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", "400"},
      {"bare LF", "GET / HTTP/1.1\nhost: x\n\n", "400"},
      {"absolute form", "GET http://x/ HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"two spaces", "GET  / HTTP/1.1\r\n" + host + "\r\n", "400"},
      {"no version", "GET /\r\n" + host + "\r\n", "400"},
      {"version", "GET / HTTP/3.0\r\n" + host + "\r\n", "505"},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\n", 8), "400"},
      {"zero byte", "GET / HTTP/1.1\r\n" + host + "a: b" + std::string(1, '\0') + "\r\n\r\n",
       "400"},
      {"length and chunked",
       "POST / HTTP/1.1\r\n" + host +
           "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
       "400"},
      {"other coding", "POST / HTTP/1.1\r\n" + host + "transfer-encoding: gzip\r\n\r\n", "501"},
      {"long head", "GET / HTTP/1.1\r\n" + host + "a: " + std::string(17000, 'x') + "\r\n\r\n",
       "431"},
      {"many fields", "GET / HTTP/1.1\r\n" + host + many + "\r\n", "431"},
      {"long body", "POST / HTTP/1.1\r\n" + host + "content-length: 101\r\n\r\n", "413"},
      {"long chunks", "POST / HTTP/1.1\r\n" + host + "transfer-encoding: chunked\r\n\r\nff\r\n",
       "413"},
  };
  World world;
  ServerLimits limits;
  limits.message.body = ByteLimit(100);
  auto server = *HttpServer::listen(*world.loop, loopback(), 0, answer, limits);
  for (const Row& row : rows) {
    INFO(row.name);
    const auto got =
        world.run(talk(world, server->port(), row.bytes + "GET /echo HTTP/1.1\r\nhost: x\r\n\r\n",
                       row.bytes.size()));
    REQUIRE(got);
    CHECK(got->starts_with("HTTP/1.1 " + std::string(row.status) + " "));
    CHECK(got->find("connection: close\r\n") != std::string::npos);
    CHECK(got->find("GET ") == std::string::npos);  // nothing after it was served
  }
}

TEST_CASE("requests that are served, cut at every byte") {
  const std::string two =
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "PUT /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: "
      "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
  World world;
  auto server = *HttpServer::listen(*world.loop, loopback(), 0, answer);
  for (std::size_t cut = 1; cut <= two.size(); ++cut) {
    const auto got = world.run(talk(world, server->port(), two, cut));
    REQUIRE(got);
    INFO("cut at " << cut);
    CHECK(without_dates(*got) ==
          "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nPOST hello"
          "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nPUT hello");
  }
}

TEST_CASE("what a handler can answer") {
  struct Row {
    const char* request;
    std::string answer;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const Row rows[] = {
      {"GET /stream HTTP/1.1",
       ok + "transfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"},
      {"GET /stream HTTP/1.0", ok + "connection: close\r\n\r\nabc"},
      {"HEAD /stream HTTP/1.1", ok + "transfer-encoding: chunked\r\n\r\n"},
      {"HEAD /echo HTTP/1.1", ok + "content-length: 5\r\n\r\n"},
      {"GET /half HTTP/1.1", ok + "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"},
      {"GET /cut HTTP/1.1", ""},
      {"GET /raw HTTP/1.1", "HTTP/1.1 2x0 NO\r\n\r\n"},
      {"GET /empty HTTP/1.1", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET /twice HTTP/1.1", ok + "content-length: 1\r\n\r\n1"},
      {"GET /nothing HTTP/1.1",
       "HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain\r\ncontent-length: "
       "10\r\n\r\nno answer\n"},
      {"GET /bad-field HTTP/1.1",
       "HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain\r\ncontent-length: "
       "10\r\n\r\nno answer\n"},
  };
  World world;
  auto server = *HttpServer::listen(*world.loop, loopback(), 0, answer);
  for (const Row& row : rows) {
    INFO(row.request);
    const std::string request = std::string(row.request) + "\r\nhost: x\r\n\r\n";
    const auto got = world.run(talk(world, server->port(), request, request.size()));
    REQUIRE(got);
    CHECK(without_dates(*got) == row.answer);
  }
}

TEST_CASE("only loopback is listened on, and a port once") {
  World world;
  const auto wide = HttpServer::listen(*world.loop, codec::IpAddress::v4({0, 0, 0, 0}), 0, answer);
  REQUIRE_FALSE(wide);
  CHECK(wide.error().kind() == ErrorKind::invalid);
  auto first = HttpServer::listen(*world.loop, loopback(), 0, answer);
  REQUIRE(first);
  const auto second = HttpServer::listen(*world.loop, loopback(), (*first)->port(), answer);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind() == ErrorKind::exists);
}

TEST_CASE("a client that waits for 100 gets it") {
  World world;
  auto server = *HttpServer::listen(*world.loop, loopback(), 0, answer);
  const std::string head =
      "POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
  const auto got = world.run(talk(world, server->port(), head + "ok", head.size()));
  REQUIRE(got);
  CHECK(got->starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"));
}

TEST_CASE("slow and idle clients") {
  World world;
  ServerLimits limits;
  limits.idle = milliseconds(20);
  limits.whole_request = milliseconds(40);
  auto server = *HttpServer::listen(*world.loop, loopback(), 0, answer, limits);
  const auto wait_for_end = [](World& w, std::uint16_t port,
                               std::string bytes) -> Task<Result<std::string>> {
    StreamPtr stream = CO_TRY(co_await w.dialer.dial({loopback(), port}, w.soon()));
    CO_TRY(co_await stream->write(bytes, w.soon()));
    std::string all;
    for (;;) {
      auto piece = CO_TRY(co_await stream->read(w.soon()));
      if (piece.empty()) co_return all;
      all += piece;
    }
  };
  CHECK(*world.run(wait_for_end(world, server->port(), "")) == "");
  CHECK(world.run(wait_for_end(world, server->port(), "GET /echo HTT"))
            ->starts_with("HTTP/1.1 408 "));
}

TEST_CASE("gone tells that the client went away, or that the server stops") {
  World world;
  std::string ended;
  Event waiting(*world.loop);
  auto server = *HttpServer::listen(
      *world.loop, loopback(), 0, [&](ServerRequest, ServerExchange& exchange) -> Task<void> {
        return [](World& w, Event& begun, std::string& out, ServerExchange& e) -> Task<void> {
          (void)co_await e.begin_stream(200, {});
          begun.set();
          const auto slept = co_await w.loop->sleep(kTooLong, {std::nullopt, e.gone()});
          if (!slept && slept.error().kind() == ErrorKind::cancelled) out += "gone ";
        }(world, waiting, ended, exchange);
      });
  HttpClient client(*world.loop, world.connector, url_of(server->port()), "test");
  {
    auto stream = world.run(client.open_stream({.path = "/x"}, world.soon()));
    REQUIRE(stream);
  }
  while (ended.empty()) world.run(world.loop->sleep(milliseconds(1)));
  auto stream = world.run(client.open_stream({.path = "/x"}, world.soon()));
  REQUIRE(stream);
  server->stop();
  REQUIRE(world.run(server->drained(world.soon())));
  CHECK(ended == "gone gone ");
  CHECK(server->connections() == 0);
}

TEST_CASE("many connections at once, none left over") {
  World world;
  auto server = *HttpServer::listen(*world.loop, loopback(), 0, answer, {.connections = 600});
  TaskGroup group(*world.loop);
  int good = 0;
  const auto ask = [](World& w, std::uint16_t port, int& count) -> Task<void> {
    HttpClient client(*w.loop, w.connector, url_of(port), "test");
    for (int i = 0; i < 3; ++i) {
      const auto got =
          co_await client.send({.method = "POST", .path = "/echo", .body = "x"}, w.soon());
      if (got && got->body == "POST x") ++count;
    }
  };
  for (int i = 0; i < 400; ++i) group.spawn(ask(world, server->port(), good));
  REQUIRE(world.run(group.wait(world.soon())));
  CHECK(good == 1200);
  server->stop();
  REQUIRE(world.run(server->drained(world.soon())));
}

}  // namespace
}  // namespace glovebox::net
