// The way out through a corporate proxy, which is scripted here.
#include "egress/upstream.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "egress/authority.h"
#include "egress/leaf_cache.h"
#include "net/dial.h"
#include "net/event.h"
#include "net/tls_server.h"
#include "os/inet.h"

namespace glovebox::egress {
namespace {

using policy::EgressMode;

// Nobody waits longer in a test; reaching it is a failure of the test.
constexpr Duration kTooLong = seconds(20);
constexpr const char* kGood = "HTTP/1.1 200 OK\r\n\r\n";

codec::IpAddress ip(std::string_view text) {
  return codec::IpAddress::parse(text).value();
}
codec::HostPort at(std::string_view text) {
  return codec::parse_host_port(text).value();
}
bool nobodys(const codec::IpAddress&) {
  return false;
}

policy::EgressRule rule_of(EgressMode mode) {
  policy::EgressRule rule;
  rule.target = policy::HostPattern{"a.test", false};
  rule.mode = mode;
  return rule;
}

class Names final : public net::Resolver {
 public:
  net::Task<Result<std::vector<codec::IpAddress>>> resolve(codec::HostName name,
                                                           net::Patience) override {
    asked.push_back(name.str());
    const auto found = zone.find(name.str());
    if (found == zone.end()) co_return Error(ErrorKind::not_found, "no such name");
    co_return found->second;
  }
  std::map<std::string, std::vector<codec::IpAddress>> zone{{"proxy.test", {ip("127.0.0.1")}}};
  std::vector<std::string> asked;
};

net::Task<std::string> read_head(net::ByteStream& stream) {
  std::string all;
  while (!all.contains("\r\n\r\n")) {
    auto bytes = co_await stream.read({});
    if (!bytes || bytes->empty()) break;
    all += *bytes;
  }
  co_return all;
}

// The proxy is `proxy.test`, or what `spelling` makes of its port.
class Bench {
 public:
  using Answer = std::function<std::string(const std::string& head)>;
  using Script = std::function<net::Task<void>(net::StreamPtr stream)>;

  explicit Bench(Answer answer, const std::string& scheme = "http",
                 const std::string& no_proxy = "")
      : answer_(std::move(answer)) {
    loop = net::Loop::make(clock).value();
    auto listener = net::Listener::open(*loop, ip("127.0.0.1"), 0).value();
    port = listener.port();
    loop->spawn(serve(*this, std::move(listener)));
    net::ProxySettings settings;
    settings.proxy = scheme + "://u:first@proxy.test:" + std::to_string(port);
    settings.no_proxy = no_proxy;
    upstream.emplace(
        *loop, names, nobodys,
        ProxyWay{net::ProxyRules::make(std::move(settings),
                                       [](const char*) { return std::optional<std::string>(); })
                     .value(),
                 std::nullopt, [this] { ++asked_for_credentials; }});
  }

  Result<Reached> reach(EgressMode mode, std::string_view where) {
    const policy::EgressRule rule = rule_of(mode);
    return loop->run_until(upstream->reach(rule, at(where), soon()));
  }
  net::Patience soon() const { return {.deadline = loop->now() + kTooLong, .token = {}}; }
  std::string proxy() const { return "proxy.test:" + std::to_string(port); }

  SystemClock clock;
  std::unique_ptr<net::Loop> loop;
  Names names;
  std::uint16_t port = 0;
  std::vector<std::string> heads;  // that the proxy got
  int asked_for_credentials = 0;
  Script inside;                     // the proxy's TLS
  std::vector<net::StreamPtr> held;  // connections that the proxy keeps open
  std::optional<Upstream> upstream;

 private:
  static net::Task<void> serve(Bench& bench, net::Listener listener) {
    for (;;) {
      auto socket = co_await listener.accept({});
      if (!socket) co_return;
      auto stream = net::make_socket_stream(*bench.loop, *std::move(socket));
      bench.loop->spawn(bench.inside ? bench.inside(std::move(stream))
                                     : talk(bench, std::move(stream)));
    }
  }

 public:
  static net::Task<void> talk(Bench& bench, net::StreamPtr stream) {
    const std::string head = co_await read_head(*stream);
    bench.heads.push_back(head);
    (void)co_await stream->write(bench.answer_(head), {});
    bench.held.push_back(std::move(stream));
  }

 private:
  Answer answer_;
};

std::string connect_head(const std::string& where, const std::string& authorization) {
  return "CONNECT " + where + " HTTP/1.1\r\nhost: " + where +
         "\r\nproxy-authorization: " + authorization + "\r\n\r\n";
}
constexpr const char* kFirst = "Basic dTpmaXJzdA==";

Bench::Answer always(std::string bytes) {
  return [bytes = std::move(bytes)](const std::string&) { return bytes; };
}

TEST_CASE("what a proxy refuses is a failure that names it, and no decision of the policy") {
  struct Row {
    const char* name;
    std::string answer;
    const char* says;
    int asked;
  };
  const Row rows[] = {
      {"credentials", "HTTP/1.1 407 X\r\n\r\n", "the proxy asks for credentials (407)", 1},
      {"the destination", "HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy answered 403", 0},
      {"everything", "HTTP/1.1 503 X\r\n\r\n", "the proxy answered 503", 0},
      {"to speak HTTP", "SSH-2.0\r\n\r\n", "", 0},
      {"to wait for the client", std::string(kGood) + "x", "ahead of the destination", 0},
  };
  for (const Row& row : rows) {
    Bench bench(always(row.answer));
    const auto got = bench.reach(EgressMode::sni, "a.test:443");
    INFO(row.name << ": " << (got ? "reached" : got.error().message()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::io);
    CHECK(got.error().message().starts_with("proxy " + bench.proxy() + ": "));
    CHECK(got.error().message().contains("a.test:443"));
    CHECK(got.error().message().contains(row.says));
    CHECK_FALSE(got.error().message().contains("first"));
    CHECK(bench.asked_for_credentials == row.asked);
  }
}

TEST_CASE("a proxy that is not there is a failure that names it") {
  Bench bench(always(kGood));
  bench.names.zone.clear();
  const auto unknown = bench.reach(EgressMode::raw, "a.test:22");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind() == ErrorKind::io);
  CHECK(unknown.error().message().starts_with("proxy " + bench.proxy() + ": resolve proxy.test"));
}

TEST_CASE("a proxy that speaks TLS is not believed without authorities") {
  Bench bench(always(kGood), "https");
  const auto got = bench.reach(EgressMode::sni, "a.test:443");
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == ErrorKind::io);
  CHECK(got.error().message().contains("no certificate authorities"));
  CHECK(bench.heads.empty());
}

TEST_CASE("a literal address is judged before the proxy hears of it") {
  Bench bench(always(kGood));
  const auto refused = bench.reach(EgressMode::raw, "10.0.0.1:22");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind() == ErrorKind::denied);
  CHECK(refused.error().message().contains("10.0.0.1 is not a public address"));
  CHECK(bench.heads.empty());
  REQUIRE(bench.reach(EgressMode::raw, "93.184.216.34:22"));
  CHECK(bench.heads == std::vector{connect_head("93.184.216.34:22", kFirst)});
}

TEST_CASE("through the proxy a name is not resolved here, and the socket goes on") {
  struct Row {
    EgressMode mode;
    std::string_view where;
    const char* ahead;
  };
  for (const Row& row :
       {Row{EgressMode::raw, "a.test:22", "SSH-2.0-x\r\n"}, Row{EgressMode::raw, "a.test:5432", ""},
        Row{EgressMode::sni, "a.test:443", ""}, Row{EgressMode::http, "a.test:80", ""},
        Row{EgressMode::inspect, "a.test:443", ""}}) {
    CAPTURE(row.where, row.ahead);
    Bench bench(always(std::string(kGood) + row.ahead));
    CHECK(bench.upstream->via(rule_of(row.mode), at(row.where)) == bench.proxy());
    auto got = bench.reach(row.mode, row.where);
    REQUIRE(got);
    CHECK(got->ahead == row.ahead);
    CHECK(got->address.empty());
    CHECK(got->stream == nullptr);
    CHECK(bench.heads == std::vector{connect_head(std::string(row.where), kFirst)});
    CHECK(bench.names.asked == std::vector<std::string>{"proxy.test"});
    // The same connection, and nothing of it was lost.
    const auto echoed =
        bench.loop->run_until([](Bench& on, int socket) -> net::Task<Result<std::string>> {
          const auto here = net::make_borrowed_stream(*on.loop, socket);
          CO_TRY(co_await here->write("ping", on.soon()));
          const std::string there = CO_TRY(co_await on.held[0]->read(on.soon()));
          CO_TRY(co_await on.held[0]->write(there + " pong", on.soon()));
          co_return co_await here->read(on.soon());
        }(bench, got->socket.get()));
    REQUIRE(echoed);
    CHECK(*echoed == "ping pong");
  }
}

TEST_CASE("a destination of NO_PROXY is resolved, judged and dialled here") {
  Bench bench(always(kGood), "http", "b.test,10.0.0.0/8,a.test:7000");
  bench.names.zone["b.test"] = {ip("10.1.2.3")};
  for (const std::string_view where : {"b.test:22", "x.b.test:22"}) {
    CAPTURE(where);
    CHECK(bench.upstream->via(rule_of(EgressMode::raw), at(where)).empty());
  }
  CHECK(bench.upstream->via(rule_of(EgressMode::raw), at("10.1.2.3:22")).empty());
  CHECK(bench.upstream->via(rule_of(EgressMode::raw), at("a.test:7000")).empty());
  CHECK(bench.upstream->via(rule_of(EgressMode::raw), at("a.test:22")) == bench.proxy());
  CHECK(bench.upstream->via(rule_of(EgressMode::raw), at("127.0.0.1:22")).empty());
  const auto got = bench.reach(EgressMode::raw, "b.test:22");
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == ErrorKind::denied);
  CHECK(bench.names.asked == std::vector<std::string>{"b.test"});
  CHECK(bench.heads.empty());
}

TEST_CASE("refusals that come together ask for other credentials once") {
  Bench bench([](const std::string& head) {
    return head.contains("Basic new") ? kGood : "HTTP/1.1 407 X\r\n\r\n";
  });
  const auto together = [&bench] {
    return bench.loop
        ->run_until([](Bench& on) -> net::Task<Result<int>> {
          const policy::EgressRule rule = rule_of(EgressMode::raw);
          net::TaskGroup group(*on.loop);
          int reached = 0;
          for (int i = 0; i < 10; ++i)
            group.spawn([](Bench& b, const policy::EgressRule& r, int& count) -> net::Task<void> {
              if (co_await b.upstream->reach(r, at("a.test:22"), b.soon())) ++count;
            }(on, rule, reached));
          CO_TRY(co_await group.wait(on.soon()));
          co_return reached;
        }(bench))
        .value();
  };
  CHECK(together() == 0);
  CHECK(bench.asked_for_credentials == 1);
  // Nothing came of it yet.
  CHECK(together() == 0);
  CHECK(bench.asked_for_credentials == 1);
  // Others that are wrong too are told of again, and right ones hold.
  bench.upstream->set_proxy_authorization(Secret::take("Basic other"));
  CHECK(together() == 0);
  CHECK(bench.asked_for_credentials == 2);
  bench.upstream->set_proxy_authorization(Secret::take("Basic new"));
  CHECK(together() == 10);
  CHECK(bench.asked_for_credentials == 2);
}

TEST_CASE("a proxy that speaks TLS gives a stream, in which what came ahead is not lost") {
  const WallTime now = SystemClock().wall();
  Authority authority = Authority::make("test", now).value();
  const std::string root = authority.pem().value().certificate;
  LeafCache leaves(std::move(authority));
  const auto context = net::TlsServerContext::make().value();
  Bench bench(always(std::string(kGood) + "220 ready\r\n"), "https");
  bench.inside = [&](net::StreamPtr stream) -> net::Task<void> {
    return [](Bench& on, net::StreamPtr lower, LeafCache& cache, const net::TlsServerContext& with,
              WallTime when) -> net::Task<void> {
      const auto host = codec::parse_host("proxy.test").value();
      auto shaken = co_await net::serve_tls(std::move(lower), with,
                                            {cache.identity_for(host, when).value(),
                                             std::get<codec::HostName>(host),
                                             {net::Alpn::http11}},
                                            on.soon());
      if (shaken) co_await Bench::talk(on, std::move(shaken->stream));
    }(bench, std::move(stream), leaves, context, now);
  };
  bench.upstream->set_authorities(net::TlsContext::make({"test", root}).value());
  auto got = bench.reach(EgressMode::raw, "a.test:25");
  INFO((got ? "" : got.error().message()));
  REQUIRE(got);
  CHECK(got->ahead == "220 ready\r\n");
  CHECK_FALSE(got->socket);
  REQUIRE(got->stream != nullptr);
  CHECK(bench.heads == std::vector{connect_head("a.test:25", kFirst)});
  const auto strict = bench.reach(EgressMode::http, "a.test:80");
  REQUIRE_FALSE(strict);
  CHECK(strict.error().message().contains("ahead of the destination"));
}

}  // namespace
}  // namespace glovebox::egress
