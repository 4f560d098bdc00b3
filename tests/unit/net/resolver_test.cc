#include "net/resolver.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <map>

#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;

codec::IpAddress ip(std::string_view text) {
  return *codec::IpAddress::parse(text);
}
codec::HostName name(std::string_view text) {
  return *codec::HostName::parse(text);
}
std::string joined(const std::vector<codec::IpAddress>& addresses) {
  std::string out;
  for (const auto& address : addresses) out += (out.empty() ? "" : " ") + address.to_string();
  return out;
}

// A name server on a UDP socket: answers from a table of "name A" and "name AAAA".
class NameService {
 public:
  struct Answer {
    int code = 0;  // 0 with addresses, 2 SERVFAIL, 3 NXDOMAIN; -1 says nothing
    std::vector<codec::IpAddress> addresses;
  };
  using Table = std::map<std::string, Answer>;

  NameService(World& world, Table table) : table_(std::move(table)) {
    socket_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    socklen_t size = sizeof at;
    REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port = ntohs(at.sin_port);
    world.loop->spawn(serve(*world.loop, *this));
  }
  std::uint16_t port = 0;
  std::vector<std::string> asked;

 private:
  static Task<void> serve(Loop& loop, NameService& self) {
    for (;;) {
      if (!co_await loop.readable(self.socket_.get())) co_return;
      self.answer_one();
    }
  }

  void answer_one() {
    char bytes[512];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(socket_.get(), bytes, sizeof bytes, 0,
                                   reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 17) return;
    std::string query(bytes, static_cast<std::size_t>(got));
    std::string text;
    std::size_t at = 12;
    while (query[at] != 0) {
      const auto length = static_cast<std::size_t>(query[at]);
      text += (text.empty() ? "" : ".") + query.substr(at + 1, length);
      at += length + 1;
    }
    const bool v6 = query[at + 2] == 28;
    asked.push_back(text + (v6 ? " AAAA" : " A"));
    const auto found = table_.find(asked.back());
    const Answer answer = found == table_.end() ? Answer{3, {}} : found->second;
    if (answer.code < 0) return;
    std::string reply = query.substr(0, at + 5);
    reply[2] = static_cast<char>(0x81);
    reply[3] = static_cast<char>(0x80 | answer.code);
    reply[6] = 0;
    reply[7] = static_cast<char>(answer.addresses.size());
    reply[10] = reply[11] = 0;
    for (const auto& address : answer.addresses) {
      const auto raw = address.bytes();
      reply += std::string("\xc0\x0c\x00", 3) + (v6 ? '\x1c' : '\x01');
      reply += std::string("\x00\x01\x00\x00\x00\x3c\x00", 7) + static_cast<char>(raw.size());
      reply.append(reinterpret_cast<const char*>(raw.data()), raw.size());
    }
    (void)::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from),
                   size);
  }

  Table table_;
  UniqueFd socket_;
};

ResolverConfig config_for(const NameService& service) {
  ResolverConfig config;
  config.servers = {{loopback(), service.port}};
  config.try_timeout = milliseconds(60);
  config.tries = 2;
  return config;
}

TEST_CASE("names that do not resolve") {
  struct Row {
    const char* name;
    NameService::Table table;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"no such name", {}, ErrorKind::not_found},
      {"no address",
       {{"api.example A", {0, {}}}, {"api.example AAAA", {0, {}}}},
       ErrorKind::not_found},
      {"server failure",
       {{"api.example A", {2, {}}}, {"api.example AAAA", {2, {}}}},
       ErrorKind::io},
      {"silence",
       {{"api.example A", {-1, {}}}, {"api.example AAAA", {-1, {}}}},
       ErrorKind::timeout},
  };
  for (const Row& row : rows) {
    World world;
    NameService service(world, row.table);
    auto resolver = *make_resolver(*world.loop, config_for(service));
    const auto got = world.run(resolver->resolve(name("api.example"), world.soon()));
    INFO(row.name << ": " << (got ? joined(*got) : got.error().message()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == row.kind);
    CHECK(got.error().message().starts_with("api.example: "));
  }
}

TEST_CASE("names that resolve") {
  struct Row {
    const char* name;
    NameService::Table table;
    const char* addresses;
  };
  const Row rows[] = {
      {"IPv4 only",
       {{"api.example A", {0, {ip("192.0.2.1"), ip("192.0.2.2")}}}},
       "192.0.2.1 192.0.2.2"},
      {"IPv6 only", {{"api.example AAAA", {0, {ip("2001:db8::1")}}}}, "2001:db8::1"},
      {"both alternate",
       {{"api.example A", {0, {ip("192.0.2.1"), ip("192.0.2.2")}}},
        {"api.example AAAA", {0, {ip("2001:db8::1"), ip("2001:db8::2")}}}},
       "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2"},
      {"AAAA is never answered",
       {{"api.example A", {0, {ip("192.0.2.1")}}}, {"api.example AAAA", {-1, {}}}},
       "192.0.2.1"},
      {"AAAA fails",
       {{"api.example A", {0, {ip("192.0.2.1")}}}, {"api.example AAAA", {2, {}}}},
       "192.0.2.1"},
  };
  for (const Row& row : rows) {
    World world;
    NameService service(world, row.table);
    auto resolver = *make_resolver(*world.loop, config_for(service));
    for (int again = 0; again < 2; ++again) {
      const auto got = world.run(resolver->resolve(name("api.example"), world.soon()));
      INFO(row.name << ": " << (got ? "" : got.error().message()));
      REQUIRE(got);
      CHECK(joined(*got) == row.addresses);
    }
  }
}

TEST_CASE("what never reaches a name server") {
  World world;
  NameService service(world, {{"localhost A", {0, {ip("192.0.2.66")}}},
                              {"api.example A", {0, {ip("192.0.2.66")}}}});
  ResolverConfig config = config_for(service);
  apply_hosts(
      "192.0.2.9 API.example other # comment\n192.0.2.10 api.example\nbad line\n"
      "1.2.3 api.example\n192.0.2.66 localhost\n",
      config);
  auto resolver = *make_resolver(*world.loop, config);
  CHECK(joined(*world.run(resolver->resolve(name("api.example"), world.soon()))) ==
        "192.0.2.9 192.0.2.10");
  CHECK(joined(*world.run(resolver->resolve(name("localhost"), world.soon()))) == "::1 127.0.0.1");
  CHECK(joined(*world.run(resolver->resolve(name("a.localhost"), world.soon()))) ==
        "::1 127.0.0.1");
  CHECK(service.asked.empty());
}

TEST_CASE("search domains complete short names only") {
  World world;
  NameService service(world, {{"api.corp.example A", {0, {ip("192.0.2.1")}}}});
  ResolverConfig config = config_for(service);
  apply_resolv_conf("search corp.example\n", config);
  auto resolver = *make_resolver(*world.loop, config);
  CHECK(joined(*world.run(resolver->resolve(name("api"), world.soon()))) == "192.0.2.1");
}

TEST_CASE("waits for a name that end") {
  World world;
  NameService service(world, {{"api.example A", {-1, {}}}, {"api.example AAAA", {-1, {}}}});
  auto resolver = *make_resolver(*world.loop, config_for(service));
  CancelSource source;
  source.cancel();
  const auto cancelled =
      world.run(resolver->resolve(name("api.example"), {std::nullopt, source.token()}));
  REQUIRE_FALSE(cancelled);
  CHECK(cancelled.error().kind() == ErrorKind::cancelled);
  const auto late =
      world.run(resolver->resolve(name("api.example"), {world.loop->now() + milliseconds(5), {}}));
  REQUIRE_FALSE(late);
  CHECK(late.error().kind() == ErrorKind::timeout);
  SECTION("the resolver may end while questions are open") {
    resolver.reset();
  }
  SECTION("or the loop") {
    resolver.reset();
    world.resolver.reset();
    world.loop.reset();
  }
}

TEST_CASE("no name server") {
  World world;
  const auto got = world.run(world.resolver->resolve(name("api.example"), world.soon()));
  REQUIRE_FALSE(got);
  CHECK(got.error().message() == "api.example: there is no name server to ask");
}

TEST_CASE("resolv.conf") {
  ResolverConfig config;
  apply_resolv_conf(
      "# made by hand\n; old comment\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n"
      "nameserver 2001:db8::53 # second\nnameserver nonsense\nnameserver 192.0.2.3\n"
      "nameserver 192.0.2.4\ndomain old.example\nsearch a.example b.example\n"
      "options ndots:2 timeout:99 attempts:0 rotate ndots:x\nnameserver\nsortlist x\n",
      config);
  REQUIRE(config.servers.size() == 3);
  CHECK(config.servers[0].address.to_string() == "192.0.2.1");
  CHECK(config.servers[1].address.to_string() == "2001:db8::53");
  CHECK(config.servers[2].address.to_string() == "192.0.2.3");
  CHECK(config.search == std::vector<std::string>{"a.example", "b.example"});
  CHECK(config.dots == 2);
  CHECK(config.try_timeout == seconds(30));
  CHECK(config.tries == 1);
}

TEST_CASE("name servers as an operator writes them") {
  for (const char* bad :
       {"", "dns.example", "192.0.2.1:0", "192.0.2.1:", "192.0.2", "2001:db8::1:99999",
        "[2001:db8::1]", "[2001:db8::1]:x", "192.0.2.1 ", "dns.example:53"}) {
    CAPTURE(bad);
    const auto got = parse_name_server(bad);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::invalid);
  }
  const auto v4 = *codec::IpAddress::parse("192.0.2.1"),
             v6 = *codec::IpAddress::parse("2001:db8::1");
  CHECK(parse_name_server("192.0.2.1").value() == NameServer{v4});
  CHECK(parse_name_server("192.0.2.1:5353").value() == NameServer{v4, 5353});
  CHECK(parse_name_server("2001:db8::1").value() == NameServer{v6});
  CHECK(parse_name_server("[2001:db8::1]:5353").value() == NameServer{v6, 5353});
}

TEST_CASE("interleaving") {
  CHECK(joined(interleave({ip("192.0.2.1"), ip("192.0.2.2"), ip("192.0.2.1"),
                           ip("2001:db8::1")})) == "192.0.2.1 2001:db8::1 192.0.2.2");
  CHECK(interleave({}).empty());
}

TEST_CASE("dialling tries the next address") {
  World world;
  Peer peer(world, [](StreamPtr stream, int) -> Task<void> {
    return [](StreamPtr s) -> Task<void> { (void)co_await s->write("hi", {}); }(std::move(stream));
  });
  ResolverConfig config;
  apply_hosts("127.0.0.9 two.example\n127.0.0.1 two.example\n127.0.0.9 one.example\n", config);
  auto resolver = *make_resolver(*world.loop, config);
  TcpDialer dialer(*world.loop, *resolver);
  auto good = world.run(dialer.dial({name("two.example"), peer.port()}, world.soon()));
  INFO((good ? "" : good.error().message()));
  REQUIRE(good);
  CHECK(*world.run((*good)->read(world.soon())) == "hi");
  const auto bad = world.run(dialer.dial({name("one.example"), peer.port()}, world.soon()));
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message().starts_with("connect to one.example:" + std::to_string(peer.port()) +
                                          " (127.0.0.9): "));
}

}  // namespace
}  // namespace glovebox::net
