#include "net/proxy.h"

#include <map>

#include "certificates.h"
#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;

Environment environment(std::map<std::string, std::string> values) {
  return [values](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST_CASE("proxy addresses") {
  struct Row {
    const char* text;
    std::optional<ErrorKind> refused;
    const char* where = "";
    const char* authorization = "";
  };
  const Row rows[] = {
      {"socks5://p:1080", ErrorKind::unsupported},
      {"ftp://p", ErrorKind::unsupported},
      {"", ErrorKind::invalid},
      {"http://", ErrorKind::invalid},
      {"http://p:0", ErrorKind::invalid},
      {"http://p:3128/path", ErrorKind::invalid},
      {"http://us%3Aer:secretword@p:3128", ErrorKind::invalid},
      {"http://u:%zz@p", ErrorKind::invalid},
      {"http://u:secretword@p q:3128", ErrorKind::invalid},
      {"p:3128", std::nullopt, "p:3128"},
      {"http://P.example:3128/", std::nullopt, "p.example:3128"},
      {"http://p", std::nullopt, "p:80"},
      {"HTTPS://p", std::nullopt, "p:443"},
      {"http://[::1]:8", std::nullopt, "[::1]:8"},
      {"http://u:p%40ss@p:1", std::nullopt, "p:1", "Basic dTpwQHNz"},
      {"http://u@p:1", std::nullopt, "p:1", "Basic dTo="},
      {"http://u:a@b@p:1", std::nullopt, "p:1", "Basic dTphQGI="},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto got = parse_proxy(row.text);
    if (row.refused) {
      REQUIRE_FALSE(got);
      CHECK(got.error().kind() == *row.refused);
      CHECK(got.error().message().find("secretword") == std::string::npos);
    } else {
      REQUIRE(got);
      CHECK(codec::to_string(got->where) == row.where);
      CHECK(got->authorization.reveal() == row.authorization);
    }
  }
}

TEST_CASE("which proxy a destination goes through") {
  struct Row {
    const char* name;
    std::optional<std::string> proxy;
    std::optional<std::string> no_proxy;
    std::map<std::string, std::string> environment;
    const char* url;
    const char* through;  // "" directly
  };
  const Row rows[] = {
      {"nothing set", {}, {}, {}, "https://api.example", ""},
      {"configured",
       "http://c:1",
       {},
       {{"HTTPS_PROXY", "http://e:2"}},
       "https://api.example",
       "c:1"},
      {"configured for http too", "http://c:1", {}, {}, "http://api.example", "c:1"},
      {"switched off", "", {}, {{"HTTPS_PROXY", "http://e:2"}}, "https://api.example", ""},
      {"upper case", {}, {}, {{"HTTPS_PROXY", "http://e:2"}}, "https://api.example", "e:2"},
      {"lower case", {}, {}, {{"https_proxy", "http://e:2"}}, "https://api.example", "e:2"},
      {"lower case first",
       {},
       {},
       {{"https_proxy", "http://l:2"}, {"HTTPS_PROXY", "http://u:2"}},
       "https://api.example",
       "l:2"},
      {"other scheme", {}, {}, {{"HTTP_PROXY", "http://e:2"}}, "https://api.example", ""},
      {"http", {}, {}, {{"HTTP_PROXY", "http://e:2"}}, "http://api.example", "e:2"},
      {"loopback address", "http://c:1", {}, {}, "https://127.0.0.1", ""},
      {"localhost", "http://c:1", {}, {}, "http://localhost:8400", ""},
      {"IPv6 loopback", "http://c:1", {}, {}, "http://[::1]:8400", ""},
      {"suffix", "http://c:1", ".example", {}, "https://api.example", ""},
      {"not a suffix", "http://c:1", "pi.example", {}, "https://api.example", "c:1"},
      {"block", "http://c:1", "10.0.0.0/8", {}, "https://10.1.2.3", ""},
      {"other port", "http://c:1", "api.example:8443", {}, "https://api.example", "c:1"},
      {"same port", "http://c:1", "api.example:443", {}, "https://api.example", ""},
      {"everything", "http://c:1", "*", {}, "https://api.example", ""},
      {"environment's list",
       "http://c:1",
       {},
       {{"NO_PROXY", "api.example"}},
       "https://api.example",
       ""},
      {"configured list wins",
       "http://c:1",
       "x",
       {{"NO_PROXY", "api.example"}},
       "https://api.example",
       "c:1"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    ProxySettings settings;
    settings.proxy = row.proxy;
    settings.no_proxy = row.no_proxy;
    const auto rules = ProxyRules::make(std::move(settings), environment(row.environment));
    REQUIRE(rules);
    const auto url = *codec::BaseUrl::parse(row.url);
    const auto proxy = rules->proxy_for(url.scheme(), {url.host(), url.port()});
    CHECK((proxy == nullptr ? "" : codec::to_string(proxy->where)) == row.through);
  }
}

TEST_CASE("a bad proxy in the environment names the variable") {
  const auto rules = ProxyRules::make({}, environment({{"HTTPS_PROXY", "socks5://p:1"}}));
  REQUIRE_FALSE(rules);
  CHECK(rules.error().message().starts_with("HTTPS_PROXY: "));
}

// Dials the given loopback port whatever the host is.
class Redirecting final : public Dialer {
 public:
  Redirecting(World& world, std::uint16_t port) : world_(world), port_(port) {}
  Task<Result<StreamPtr>> dial(codec::HostPort where, Patience patience) override {
    asked = codec::to_string(where);
    return world_.dialer.dial({loopback(), port_}, std::move(patience));
  }
  std::string asked;

 private:
  World& world_;
  std::uint16_t port_;
};

ProxyRules rules_with(std::string_view proxy) {
  ProxySettings settings;
  settings.proxy = proxy;
  return *ProxyRules::make(std::move(settings), environment({}));
}

TEST_CASE("answers of a proxy that are refused") {
  struct Row {
    const char* name;
    std::string bytes;
    ErrorKind kind;
    const char* says;
  };
  const Row rows[] = {
      {"hangs up", "", ErrorKind::closed, "hung up"},
      {"407", "HTTP/1.1 407 X\r\nproxy-authenticate: Basic\r\n\r\n", ErrorKind::denied, "(407)"},
      {"403", "HTTP/1.1 403 Forbidden\r\n\r\n", ErrorKind::io, "answered 403"},
      {"502 with a page", "HTTP/1.1 502 X\r\ncontent-length: 4\r\n\r\npage", ErrorKind::io, "502"},
      {"interim", "HTTP/1.1 100 Continue\r\n\r\n", ErrorKind::io, "answered 100"},
      {"not HTTP", "SSH-2.0\r\n\r\n", ErrorKind::protocol, ""},
      {"endless", "HTTP/1.1 200 OK\r\na: " + std::string(20000, 'x'), ErrorKind::limit, ""},
      {"bytes ahead", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", ErrorKind::protocol,
       "ahead"},
  };
  for (const Row& row : rows) {
    World world;
    Peer peer(world, [&row](StreamPtr stream, int) -> Task<void> {
      return [](StreamPtr s, std::string bytes) -> Task<void> {
        (void)co_await read_head(*s);
        (void)co_await s->write(bytes, {});
      }(std::move(stream), row.bytes);
    });
    Redirecting dialer(world, peer.port());
    Connector connector(dialer, rules_with("http://proxy.example:3128"), std::nullopt);
    const auto got = world.run(connector.connect(
        codec::UrlScheme::http, *codec::parse_host_port("api.example:80"), world.soon()));
    INFO(row.name << ": " << (got ? "accepted" : got.error().message()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == row.kind);
    CHECK(got.error().message().starts_with("proxy proxy.example:3128: CONNECT api.example:80: "));
    CHECK(got.error().message().find(row.says) != std::string::npos);
    CHECK(connector.refused_by_proxy() == (row.kind == ErrorKind::denied ? 1u : 0u));
    CHECK(dialer.asked == "proxy.example:3128");
  }
}

TEST_CASE("what a server says first comes with the way to it") {
  for (const std::string ahead : {"", "SSH-2.0-x\r\n"}) {
    for (const bool at_once : {true, false}) {
      World world;
      Peer peer(world, [&](StreamPtr stream, int) -> Task<void> {
        return [](Loop& loop, StreamPtr s, std::string said, bool together) -> Task<void> {
          (void)co_await read_head(*s);
          const std::string head = "HTTP/1.1 200 OK\r\nx: y\r\n\r\n";
          if (together) {
            (void)co_await s->write(head + said, {});
          } else {
            (void)co_await s->write(head.substr(0, 9), {});
            for (int turn = 0; turn < 8; ++turn) co_await loop.yield();
            (void)co_await s->write(head.substr(9) + said, {});
          }
        }(*world.loop, std::move(stream), ahead, at_once);
      });
      const auto got = world.run([](World& w, std::uint16_t port) -> Task<Result<std::string>> {
        const auto stream = CO_TRY(co_await w.dialer.dial({loopback(), port}, w.soon()));
        const ProxyServer proxy = CO_TRY(parse_proxy("proxy.example:3128"));
        co_return co_await open_tunnel(*stream, proxy, *codec::parse_host_port("ssh.example:22"),
                                       w.soon());
      }(world, peer.port()));
      REQUIRE(got);
      CHECK(*got == ahead);
    }
  }
}

TEST_CASE("https through a proxy, with credentials that change, to a host the proxy resolves") {
  World world;
  const Identity root =
      make_identity({.name = "Root", .role = CertificateRequest::Role::authority}, nullptr);
  const Identity leaf =
      make_identity({.alternatives = {"DNS:api.example", "DNS:proxy.example"}}, &root);
  const auto server = make_server_context(leaf);
  for (const bool tls_to_proxy : {false, true}) {
    std::vector<std::string> heads;
    Peer peer(world, [&](StreamPtr stream, int) -> Task<void> {
      return [](StreamPtr s, SSL_CTX* context, bool outer,
                std::vector<std::string>& seen) -> Task<void> {
        if (outer) s = *co_await accept_tls(std::move(s), context);
        seen.push_back(co_await read_head(*s));
        (void)co_await s->write("HTTP/1.1 200 Connection established\r\nvia: x\r\n\r\n", {});
        auto inner = co_await accept_tls(std::move(s), context);
        if (!inner) co_return;
        (void)co_await read_head(**inner);
        (void)co_await (*inner)->write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", {});
        (void)co_await (*inner)->read({});
      }(std::move(stream), server.get(), tls_to_proxy, heads);
    });
    Redirecting dialer(world, peer.port());
    Connector connector(dialer,
                        rules_with(tls_to_proxy ? "https://u:1@proxy.example:3128"
                                                : "http://u:1@proxy.example:3128"),
                        *TlsContext::make({"test", root.pem()}));
    HttpClient client(*world.loop, connector, *codec::BaseUrl::parse("https://api.example"),
                      "test");
    for (int i = 0; i < 2; ++i) {
      const auto got = world.run(client.send({.path = "/x"}, world.soon()));
      INFO((got ? "" : got.error().message()));
      REQUIRE(got);
      CHECK(got->body == "ok");
      client.close_idle();
      connector.set_proxy_authorization(Secret::take("Negotiate new"));
    }
    const std::string head = "CONNECT api.example:443 HTTP/1.1\r\nhost: api.example:443\r\n";
    CHECK(heads == std::vector<std::string>{head + "proxy-authorization: Basic dTox\r\n\r\n",
                                            head + "proxy-authorization: Negotiate new\r\n\r\n"});
  }
}

}  // namespace
}  // namespace glovebox::net
