#include "plane/server.h"

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "fakes.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/task.h"

namespace glovebox::plane {
namespace {

// A plane on a port, and a client that sees the bytes of its answers.
struct Served {
  Served() {
    session = new_session();
    control("POST", emit_path(), message());  // its turn has begun
  }

  codec::Json control(std::string method, std::string path, std::string body = "") {
    return bench_reply(
        Bench::request(std::move(method), std::move(path), std::string(kApiKey), std::move(body)));
  }
  codec::Json bench_reply(const Request& request) {
    Outcome outcome = plane.handle(request, Attempt::last).outcome;
    return json(std::get<Reply>(outcome).body);
  }
  std::string new_session() {
    const codec::Json made = control(
        "POST", "/v1/sessions",
        R"({"agent":"a","environment_id":"env_plane_rehearsal","metadata":{"brain":"manual"}})");
    return *made.get_string("id");
  }
  void fault(std::string rule) { control("POST", "/_plane/faults", std::move(rule)); }
  static std::string message() { return R"({"events":[{"type":"agent.message"}]})"; }
  std::string emit_path() const { return "/_plane/sessions/" + session + "/emit"; }
  // Over the port, so that open streams are told.
  net::Task<Result<void>> emit() {
    net::StreamPtr stream = CO_TRY(co_await dialer.dial({address(), port()}, soon()));
    CO_TRY(co_await stream->write("POST " + emit_path() +
                                      " HTTP/1.1\r\nhost: x\r\ncontent-length: " +
                                      std::to_string(message().size()) + "\r\n\r\n" + message(),
                                  soon()));
    CO_TRY(co_await stream->read(soon()));
    co_return Result<void>();
  }

  // Everything that comes before the connection ends or `until` is seen; events are emitted when
  // the head of the answer is there.
  net::Task<Result<std::string>> talk(std::string path, std::string until) {
    net::StreamPtr stream = CO_TRY(co_await dialer.dial({address(), port()}, soon()));
    CO_TRY(co_await stream->write("GET " + path + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " +
                                      std::string(kApiKey) +
                                      "\r\nanthropic-version: 2026-10-21\r\n"
                                      "anthropic-beta: managed-agents-2026-04-01\r\n\r\n",
                                  soon()));
    std::string all;
    bool emitted = false;
    while (until.empty() || !all.contains(until)) {
      const auto bytes = co_await stream->read(soon());
      if (!bytes || bytes->empty()) break;
      all += *bytes;
      if (!emitted && all.contains("\r\n\r\n")) {
        emitted = true;
        CO_TRY(co_await emit());
      }
    }
    co_return all;
  }
  std::string get(std::string path, std::string until = "") {
    auto text = loop->run_until(talk(std::move(path), std::move(until)));
    REQUIRE(text);
    return *text;
  }
  // The payload of a chunked answer.
  static std::string payload(std::string_view answer) {
    std::string all;
    std::string_view rest = answer.substr(answer.find("\r\n\r\n") + 4);
    while (!rest.empty()) {
      const std::size_t size = std::stoul(std::string(rest), nullptr, 16);
      rest.remove_prefix(rest.find("\r\n") + 2);
      all += rest.substr(0, size);
      rest.remove_prefix(std::min(rest.size(), size + 2));
    }
    return all;
  }
  std::string stream_path() const { return "/v1/sessions/" + session + "/events/stream"; }

  static codec::IpAddress address() { return codec::IpAddress::v4({127, 0, 0, 1}); }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(
        std::stoul(server->base_url().substr(server->base_url().rfind(':') + 1)));
  }
  net::Patience soon() const { return {loop->now() + seconds(20), {}}; }

  SystemClock clock;
  CountingRandom random;
  Plane plane{clock, random, {}};
  std::unique_ptr<net::Loop> loop = *net::Loop::make(clock);
  std::unique_ptr<net::Resolver> resolver = *net::make_resolver(*loop, {});
  net::TcpDialer dialer{*loop, *resolver};
  std::unique_ptr<PlaneServer> server = *PlaneServer::start(*loop, plane, address(), 0);
  std::string session;
};

}  // namespace

TEST_CASE("a stream is cut after each byte of its events", "[plane]") {
  Served plane;
  const std::string whole = [&] {
    plane.fault(R"({"route":"events.stream","delay_ms":0})");
    return Served::payload(plane.get(plane.stream_path(), "\n\n\r\n"));
  }();
  REQUIRE(whole.starts_with("event: agent.message\ndata: {"));
  // Ids and times differ from event to event, their lengths do not.
  for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
    INFO(bytes);
    plane.fault(R"({"route":"events.stream","cut":)" + std::to_string(bytes) + "}");
    const std::string seen = Served::payload(plane.get(plane.stream_path()));
    CHECK(seen.size() == bytes);
  }
}

TEST_CASE("an answer is cut after each byte of its body", "[plane]") {
  Served plane;
  for (const std::size_t bytes : {0u, 1u, 7u, 100u}) {
    plane.fault(R"({"route":"sessions.retrieve","cut":)" + std::to_string(bytes) + "}");
    const std::string answer = plane.get("/v1/sessions/" + plane.session);
    CHECK(answer.contains("content-length: "));
    CHECK(answer.size() - answer.find("\r\n\r\n") - 4 == bytes);
  }
}

TEST_CASE("a stream begins with what a fault gives it", "[plane]") {
  struct Row {
    const char* rule;
    std::string begin;
  };
  for (const Row& row : {Row{R"({"route":"events.stream","insert":": a comment\n\nevent: x\n"})",
                             ": a comment\n\nevent: x\n"},
                         Row{R"({"route":"events.stream","malformed":true})",
                             "event: agent.message\ndata: {\"type\":\n\n"},
                         Row{R"({"route":"events.stream","oversized":100000})",
                             "event: agent.message\ndata: {\"type\":\"agent.message\",\"text\":\"" +
                                 std::string(100000, 'x') + "\"}\n\n"}}) {
    INFO(row.rule);
    Served plane;
    plane.fault(row.rule);
    const std::string seen = Served::payload(plane.get(plane.stream_path(), "\"processed_at\""));
    CHECK(seen.starts_with(row.begin + "event: agent.message\n"));
  }
}

TEST_CASE("bytes trickle", "[plane]") {
  Served plane;
  plane.fault(R"([{"route":"sessions.retrieve","trickle_ms":1},)"
              R"({"route":"events.stream","trickle_ms":1}])");
  const Duration began = plane.clock.monotonic();
  const std::string answer = plane.get("/v1/sessions/" + plane.session);
  CHECK(json(answer.substr(answer.find("\r\n\r\n") + 4)).get_string("id") != nullptr);
  CHECK(plane.clock.monotonic() - began >= milliseconds(answer.size()));
  const std::string stream = plane.get(plane.stream_path(), "\r\n1\r\n}\r\n");
  CHECK(stream.contains("\r\n1\r\ne\r\n1\r\nv\r\n"));
}

}  // namespace glovebox::plane
