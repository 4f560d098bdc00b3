#include "net/tls.h"

#include <openssl/ssl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <fstream>

#include "certificates.h"
#include "os/file.h"
#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;
using Role = CertificateRequest::Role;

struct Authorities {
  Identity root = make_identity({.name = "Test Root", .role = Role::authority}, nullptr);
  Identity other = make_identity({.name = "Other Root", .role = Role::authority}, nullptr);
  Identity good = make_identity(
      {.alternatives = {"DNS:api.example", "DNS:*.wild.example", "IP:127.0.0.1"}}, &root);
  TlsContext context = *TlsContext::make({"test", root.pem()});
};

// Echoes one read, then ends.
Peer::Script echoing(SSL_CTX* context) {
  return [context](StreamPtr stream, int) -> Task<void> {
    return [](StreamPtr s, SSL_CTX* c) -> Task<void> {
      auto inner = co_await accept_tls(std::move(s), c);
      if (!inner) co_return;
      for (;;) {
        const auto bytes = co_await (*inner)->read({});
        if (!bytes || bytes->empty()) break;
        if (!co_await (*inner)->write(*bytes, {})) break;
      }
      (void)co_await (*inner)->finish({});
    }(std::move(stream), context);
  };
}

Task<Result<StreamPtr>> open(World& world, std::uint16_t port, TlsContext context,
                             std::string host) {
  StreamPtr lower = CO_TRY(co_await world.dialer.dial({loopback(), port}, world.soon()));
  co_return co_await start_tls(std::move(lower), context, *codec::parse_host(host), world.soon());
}

TEST_CASE("TLS peers that are refused") {
  Authorities ca;
  struct Row {
    const char* name;
    Identity identity;
    std::string host;
    ErrorKind kind;
    const char* says;
    ServerTls versions = {};
    const Identity* between = nullptr;
  };
  std::vector<Row> rows;
  const auto leaf = [&](CertificateRequest request, const Identity* issuer) {
    if (request.alternatives.empty()) request.alternatives = {"DNS:api.example"};
    return make_identity(request, issuer);
  };
  rows.push_back({"another name", leaf({}, &ca.root), "other.example", ErrorKind::invalid,
                  "other.example: the certificate does not hold: Hostname mismatch"});
  rows.push_back(
      {"name in the subject only",
       make_identity({.name = "api.example", .alternatives = {"DNS:x.example"}}, &ca.root),
       "api.example", ErrorKind::invalid, "Hostname mismatch"});
  rows.push_back({"wildcard two levels", leaf({.alternatives = {"DNS:*.example"}}, &ca.root),
                  "a.b.example", ErrorKind::invalid, "Hostname mismatch"});
  rows.push_back({"another address", leaf({.alternatives = {"IP:127.0.0.1"}}, &ca.root),
                  "127.0.0.2", ErrorKind::invalid, "IP address mismatch"});
  rows.push_back({"address as a name", leaf({.alternatives = {"DNS:127.0.0.1"}}, &ca.root),
                  "127.0.0.1", ErrorKind::invalid, "IP address mismatch"});
  rows.push_back({"expired", leaf({.from_seconds = -7200, .to_seconds = -3600}, &ca.root),
                  "api.example", ErrorKind::invalid, "certificate has expired"});
  rows.push_back({"not yet valid", leaf({.from_seconds = 3600, .to_seconds = 7200}, &ca.root),
                  "api.example", ErrorKind::invalid, "not yet valid"});
  rows.push_back({"self-signed", leaf({}, nullptr), "api.example", ErrorKind::invalid, "self"});
  rows.push_back({"another authority", leaf({}, &ca.other), "api.example", ErrorKind::invalid,
                  "issuer certificate"});
  rows.push_back({.name = "signed by a leaf",
                  .identity = leaf({.name = "below"}, &ca.good),
                  .host = "api.example",
                  .kind = ErrorKind::invalid,
                  .says = "invalid CA certificate",
                  .between = &ca.good});
  rows.push_back({"TLS 1.1",
                  leaf({}, &ca.root),
                  "api.example",
                  ErrorKind::protocol,
                  "api.example: ",
                  {0x0301, 0x0302}});
  for (const Row& row : rows) {
    World world;
    const auto server = make_server_context(row.identity, row.versions, row.between);
    Peer peer(world, echoing(server.get()));
    const auto got = world.run(open(world, peer.port(), ca.context, row.host));
    INFO(row.name << ": " << (got ? "accepted" : got.error().message()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == row.kind);
    CHECK(got.error().message().find(row.says) != std::string::npos);
  }
}

TEST_CASE("TLS peers that are believed") {
  Authorities ca;
  for (const char* host : {"api.example", "a.wild.example", "127.0.0.1"})
    for (const ServerTls versions : {ServerTls{0x0303, 0x0303}, ServerTls{0x0304, 0x0304}}) {
      World world;
      const auto server = make_server_context(ca.good, versions);
      Peer peer(world, echoing(server.get()));
      auto stream = world.run(open(world, peer.port(), ca.context, host));
      INFO(host << (stream ? "" : ": " + stream.error().message()));
      REQUIRE(stream);
      const std::string sent(200'000, 'x');
      std::string received;
      world.loop->spawn([](ByteStream& s, const std::string& bytes) -> Task<void> {
        (void)co_await s.write(bytes, {});
      }(**stream, sent));
      while (received.size() < sent.size()) {
        const auto piece = world.run((*stream)->read(world.soon()));
        REQUIRE(piece);
        REQUIRE_FALSE(piece->empty());
        received += *piece;
      }
      CHECK(received == sent);
      CHECK((*stream)->is_quiet());
      REQUIRE(world.run((*stream)->finish(world.soon())));
      const auto end = world.run((*stream)->read(world.soon()));
      REQUIRE(end);
      CHECK(end->empty());
    }
}

TEST_CASE("peers that speak no TLS, or cut it off") {
  Authorities ca;
  World world;
  struct Row {
    const char* name;
    std::string bytes;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"nothing", "", ErrorKind::closed},
      {"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", ErrorKind::protocol},
      {"an alert", std::string("\x15\x03\x03\x00\x02\x02\x28", 7), ErrorKind::protocol},
      {"half a record", std::string("\x16\x03\x03\x40", 4), ErrorKind::closed},
  };
  for (const Row& row : rows) {
    Peer peer(world, [&row](StreamPtr stream, int) -> Task<void> {
      return [](StreamPtr s, std::string bytes) -> Task<void> {
        (void)co_await s->read({});
        (void)co_await s->write(bytes, {});
      }(std::move(stream), row.bytes);
    });
    const auto got = world.run(open(world, peer.port(), ca.context, "api.example"));
    INFO(row.name << ": " << (got ? "accepted" : got.error().message()));
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == row.kind);
    CHECK(got.error().message().starts_with("api.example: "));
  }
}

TEST_CASE("an end without close_notify is not an end") {
  Authorities ca;
  World world;
  const auto server = make_server_context(ca.good);
  Peer peer(world, [&server](StreamPtr stream, int) -> Task<void> {
    return [](StreamPtr s, SSL_CTX* c) -> Task<void> {
      auto inner = co_await accept_tls(std::move(s), c);
      if (inner) (void)co_await (*inner)->write("half", {});
    }(std::move(stream), server.get());
  });
  auto stream = world.run(open(world, peer.port(), ca.context, "api.example"));
  REQUIRE(stream);
  CHECK(*world.run((*stream)->read(world.soon())) == "half");
  const auto end = world.run((*stream)->read(world.soon()));
  REQUIRE_FALSE(end);
  CHECK(end.error().kind() == ErrorKind::closed);
}

struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(const std::string& text) {
    char name[] = "/tmp/glovebox-test-XXXXXX";
    const UniqueFd fd(::mkstemp(name));
    REQUIRE(fd);
    path = name;
    REQUIRE(os::write_all(fd.get(), text));
  }
  ~TemporaryFile() { std::remove(path.c_str()); }
};

TEST_CASE("certificate authorities") {
  Authorities ca;
  const TemporaryFile good(ca.root.pem());
  const TemporaryFile two("# comment\n" + ca.root.pem() + "between\n" + ca.other.pem());
  SECTION("bundles that are refused") {
    struct Row {
      const char* name;
      std::string pem;
    };
    std::string damaged = ca.root.pem();
    damaged.replace(60, 4, "!!!!");
    std::string cut = ca.root.pem();
    cut.resize(cut.size() / 2);
    const Row rows[] = {{"empty", ""},
                        {"no certificate", "hello\n"},
                        {"damaged", damaged},
                        {"second one cut", ca.root.pem() + cut}};
    for (const Row& row : rows) {
      const auto got = TlsContext::make({"/etc/x.pem", row.pem});
      INFO(row.name);
      REQUIRE_FALSE(got);
      CHECK(got.error().kind() == ErrorKind::invalid);
      CHECK(got.error().message().starts_with("/etc/x.pem: "));
    }
  }
  SECTION("a named file that is missing is an error") {
    const auto by_file = load_ca_bundle({"/nonexistent/a.pem", good.path});
    REQUIRE_FALSE(by_file);
    CHECK(by_file.error().kind() == ErrorKind::not_found);
    CHECK(by_file.error().message().find("/nonexistent/a.pem") != std::string::npos);
    const auto by_variable = load_ca_bundle({std::nullopt, "/nonexistent/b.pem"});
    REQUIRE_FALSE(by_variable);
    CHECK(by_variable.error().message().starts_with("SSL_CERT_FILE: "));
  }
  SECTION("the file wins over the variable") {
    const auto bundle = load_ca_bundle({two.path, good.path});
    REQUIRE(bundle);
    CHECK(bundle->path == two.path);
    CHECK(TlsContext::make(*bundle));
  }
}

TEST_CASE("https without authorities is refused") {
  World world;
  const auto got = world.run(world.connector.connect(
      codec::UrlScheme::https, *codec::parse_host_port("api.example:443"), world.soon()));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == ErrorKind::not_found);
}

TEST_CASE("an HTTP client over TLS") {
  Authorities ca;
  World world;
  const auto server = make_server_context(ca.good);
  Peer peer(world, [&server](StreamPtr stream, int) -> Task<void> {
    return [](StreamPtr s, SSL_CTX* c) -> Task<void> {
      auto inner = co_await accept_tls(std::move(s), c);
      if (!inner) co_return;
      while (!(co_await read_head(**inner)).empty())
        (void)co_await (*inner)->write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", {});
    }(std::move(stream), server.get());
  });
  Connector connector(world.dialer, ProxyRules(), ca.context);
  HttpClient client(*world.loop, connector,
                    *codec::BaseUrl::parse("https://127.0.0.1:" + std::to_string(peer.port())),
                    "test");
  for (int i = 0; i < 5; ++i) {
    const auto got = world.run(client.send({.path = "/x"}, world.soon()));
    INFO((got ? "" : got.error().message()));
    REQUIRE(got);
    CHECK(got->body == "ok");
  }
  CHECK(client.connections_made() == 1);
}

}  // namespace
}  // namespace glovebox::net
