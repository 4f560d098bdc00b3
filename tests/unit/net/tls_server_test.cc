#include "net/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "certificates.h"
#include "net/tls_stream.h"
#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;
using Role = CertificateRequest::Role;

constexpr std::uint16_t kVersions[] = {0x0303, 0x0304};

std::string der_of(X509* certificate) {
  std::uint8_t* bytes = nullptr;
  const int size = i2d_X509(certificate, &bytes);
  REQUIRE(size > 0);
  const bssl::UniquePtr<std::uint8_t> owned(bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::shared_ptr<const ServerIdentity> identity_of(const Identity& made) {
  const std::string chain[] = {der_of(made.certificate.get())};
  return ServerIdentity::make(bssl::UpRef(made.key), chain).value();
}

codec::HostName name_of(std::string_view text) {
  return codec::HostName::parse(text).value();
}

struct Authorities {
  Identity root = make_identity({.name = "Test Root", .role = Role::authority}, nullptr);
  Identity other = make_identity({.name = "Other Root", .role = Role::authority}, nullptr);
  Identity leaf = make_identity(
      {.alternatives = {"DNS:api.example", "DNS:other.example", "IP:127.0.0.1"}}, &root);
  TlsContext trusting = *TlsContext::make({"test", root.pem()});
  TlsContext doubting = *TlsContext::make({"test", other.pem()});
};

// A server on the test's loop. It keeps the outcome of its last handshake, and echoes.
struct Server {
  World& world;
  TlsServerContext context = *TlsServerContext::make();
  TlsTerms terms;
  Duration patience = kTooLong;
  std::optional<Result<std::optional<Alpn>>> outcome;
  Event ended{*world.loop};
  Peer peer{world, [this](StreamPtr stream, int) { return serve(std::move(stream), *this); }};

  static Task<void> serve(StreamPtr lower, Server& self) {
    auto accepted = co_await serve_tls(std::move(lower), self.context, self.terms,
                                       {self.world.loop->now() + self.patience, {}});
    if (!accepted) {
      self.outcome.emplace(std::move(accepted).error());
      self.ended.set();
      co_return;
    }
    self.outcome.emplace(accepted->protocol);
    self.ended.set();
    for (;;) {
      const auto bytes = co_await accepted->stream->read({});
      if (!bytes || bytes->empty()) break;
      if (!co_await accepted->stream->write(*bytes, {})) break;
    }
    (void)co_await accepted->stream->finish({});
  }

  Result<std::optional<Alpn>> wait() {
    REQUIRE(world.run([](Event& event, Patience soon) -> Task<Result<int>> {
      CO_TRY(co_await event.wait(soon));
      co_return 0;
    }(ended, world.soon())));
    ended.clear();
    return *std::exchange(outcome, std::nullopt);
  }
};

Task<Result<StreamPtr>> open(World& world, std::uint16_t port, TlsContext context,
                             std::string host) {
  StreamPtr lower = CO_TRY(co_await world.dialer.dial({loopback(), port}, world.soon()));
  co_return co_await start_tls(std::move(lower), context, *codec::parse_host(host), world.soon());
}

// A client that says what our own does not: other versions and protocols, no check of the chain.
struct OddClient {
  std::uint16_t least = 0x0303, most = 0x0304;
  std::vector<Alpn> protocols;
  int sessions = 0;      // that the server gave it
  int certificates = 0;  // that the server asked it for
  bssl::UniquePtr<SSL_CTX> context{SSL_CTX_new(TLS_method())};

  Task<Result<StreamPtr>> open(World& world, std::uint16_t port, std::string name) {
    SSL_CTX_set_app_data(context.get(), this);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION*) {
      ++static_cast<OddClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)))->sessions;
      return 0;
    });
    SSL_CTX_set_cert_cb(
        context.get(),
        [](SSL*, void* self) { return ++static_cast<OddClient*>(self)->certificates, 1; }, this);
    bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
    const std::string list = alpn_list(protocols);
    if (SSL_set_min_proto_version(ssl.get(), least) != 1 ||
        SSL_set_max_proto_version(ssl.get(), most) != 1 ||
        SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1 ||
        SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const std::uint8_t*>(list.data()),
                            list.size()) != 0)
      co_return Error(ErrorKind::internal, "the client cannot be made");
    SSL_set_connect_state(ssl.get());
    StreamPtr lower = CO_TRY(co_await world.dialer.dial({loopback(), port}, world.soon()));
    auto stream = CO_TRY(TlsStream::make(std::move(lower), std::move(ssl), nullptr));
    CO_TRY(co_await stream->handshake(world.soon()));
    co_return StreamPtr(std::move(stream));
  }
};

void check_echo(World& world, ByteStream& stream, std::size_t size) {
  const std::string sent(size, 'x');
  std::string received;
  world.loop->spawn([](ByteStream& s, const std::string& bytes) -> Task<void> {
    (void)co_await s.write(bytes, {});
  }(stream, sent));
  while (received.size() < sent.size()) {
    const auto piece = world.run(stream.read(world.soon()));
    REQUIRE(piece);
    REQUIRE_FALSE(piece->empty());
    received += *piece;
  }
  CHECK(received == sent);
}

TEST_CASE("TLS clients that are refused") {
  Authorities ca;
  struct Row {
    const char* name;
    std::string asks;
    ErrorKind server;
    const char* server_says;
    ErrorKind client;
    const char* client_says;
    const TlsContext* trust = nullptr;
  };
  const Row rows[] = {
      {"another name", "other.example", ErrorKind::denied,
       "api.example: the client asks for other.example", ErrorKind::protocol, "unrecognized name"},
      {"a name below", "a.api.example", ErrorKind::denied,
       "api.example: the client asks for a.api.example", ErrorKind::protocol, "unrecognized name"},
      {"no name", "127.0.0.1", ErrorKind::denied, "api.example: the client asks for no name",
       ErrorKind::protocol, "unrecognized name"},
      {"an authority it does not know", "api.example", ErrorKind::invalid,
       "api.example: the client does not accept the certificate", ErrorKind::invalid,
       "the certificate does not hold", &ca.doubting},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      World world;
      Server server{.world = world,
                    .terms = {identity_of(ca.leaf), name_of("api.example"), {Alpn::http11}},
                    .outcome = {}};
      const TlsContext& trust = row.trust != nullptr ? *row.trust : ca.trusting;
      const auto got = world.run(open(world, server.peer.port(), trust, row.asks));
      REQUIRE_FALSE(got);
      INFO("client: " << got.error().message());
      CHECK(got.error().kind() == row.client);
      CHECK(got.error().message().find(row.client_says) != std::string::npos);
      const auto outcome = server.wait();
      REQUIRE_FALSE(outcome);
      INFO("server: " << outcome.error().message());
      CHECK(outcome.error().kind() == row.server);
      CHECK(outcome.error().message().starts_with(row.server_says));
    }
  }
}

TEST_CASE("a TLS client that asks for the name is served") {
  Authorities ca;
  for (const char* asks : {"api.example", "API.example"}) {
    World world;
    Server server{.world = world,
                  .terms = {identity_of(ca.leaf), name_of("api.example"), {Alpn::http11}},
                  .outcome = {}};
    auto stream = world.run(open(world, server.peer.port(), ca.trusting, asks));
    INFO((stream ? "" : stream.error().message()));
    REQUIRE(stream);
    const auto outcome = server.wait();
    REQUIRE(outcome);
    CHECK(*outcome == Alpn::http11);
    check_echo(world, **stream, 200'000);
    REQUIRE(world.run((*stream)->finish(world.soon())));
    const auto end = world.run((*stream)->read(world.soon()));
    REQUIRE(end);
    CHECK(end->empty());
  }
}

TEST_CASE("the protocol inside TLS is the server's first that the client offers") {
  Authorities ca;
  struct Row {
    const char* name;
    std::vector<Alpn> offered;
    std::vector<Alpn> accepted;
    std::optional<Alpn> chosen;
    bool refused = false;
  };
  const Row rows[] = {
      {"nothing in common", {Alpn::h2}, {Alpn::http11}, {}, true},
      {"none offered", {}, {Alpn::h2, Alpn::http11}, std::nullopt},
      {"none answered", {Alpn::h2}, {}, std::nullopt},
      {"only the second", {Alpn::http11}, {Alpn::h2, Alpn::http11}, Alpn::http11},
      {"the server's order", {Alpn::http11, Alpn::h2}, {Alpn::h2, Alpn::http11}, Alpn::h2},
      {"the other order", {Alpn::h2, Alpn::http11}, {Alpn::http11, Alpn::h2}, Alpn::http11},
  };
  for (const Row& row : rows)
    for (const std::uint16_t version : kVersions) {
      INFO(row.name << " " << version);
      World world;
      Server server{.world = world,
                    .terms = {identity_of(ca.leaf), name_of("api.example"), row.accepted},
                    .outcome = {}};
      OddClient client{.least = version, .most = version, .protocols = row.offered};
      const auto stream = world.run(client.open(world, server.peer.port(), "api.example"));
      const auto outcome = server.wait();
      REQUIRE(outcome.has_value() == !row.refused);
      if (outcome) {
        REQUIRE(stream);
        CHECK(*outcome == row.chosen);
        check_echo(world, **stream, 100);
      } else {
        CHECK(outcome.error().kind() == ErrorKind::protocol);
        CHECK(outcome.error().message() == "api.example: TLS handshake: no application protocol");
        REQUIRE_FALSE(stream);
        CHECK(stream.error().message().find("no application protocol") != std::string::npos);
      }
    }
}

TEST_CASE("what our own client offers inside TLS, and what it gets") {
  Authorities ca;
  struct Row {
    const char* name;
    std::vector<Alpn> offered;
    std::vector<Alpn> accepted;
    std::optional<Alpn> chosen;
    bool refused = false;
  };
  const Row rows[] = {
      {"nothing in common", {Alpn::h2}, {Alpn::http11}, {}, true},
      {"both, and the server prefers the old one",
       {Alpn::h2, Alpn::http11},
       {Alpn::http11, Alpn::h2},
       Alpn::http11},
      {"both, and the server prefers the new one",
       {Alpn::http11, Alpn::h2},
       {Alpn::h2, Alpn::http11},
       Alpn::h2},
      {"both, and the server has the old one",
       {Alpn::h2, Alpn::http11},
       {Alpn::http11},
       Alpn::http11},
      {"a server that answers nothing", {Alpn::h2, Alpn::http11}, {}, std::nullopt},
      {"nothing offered", {}, {Alpn::h2}, std::nullopt},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    World world;
    Server server{.world = world,
                  .terms = {identity_of(ca.leaf), name_of("api.example"), row.accepted},
                  .outcome = {}};
    auto lower = world.run(world.dialer.dial({loopback(), server.peer.port()}, world.soon()));
    REQUIRE(lower);
    const auto opened =
        world.run(start_tls(*std::move(lower), ca.trusting, *codec::parse_host("api.example"),
                            row.offered, world.soon()));
    const auto outcome = server.wait();
    REQUIRE(opened.has_value() == !row.refused);
    REQUIRE(outcome.has_value() == !row.refused);
    if (row.refused) {
      CHECK(opened.error().kind() == ErrorKind::protocol);
      CHECK(opened.error().message().find("no application protocol") != std::string::npos);
    } else {
      CHECK(opened->protocol == row.chosen);
      CHECK(*outcome == row.chosen);
      check_echo(world, *opened->stream, 1000);
    }
  }
}

TEST_CASE("a server that chooses what was not offered is not believed") {
  Authorities ca;
  World world;
  const auto context = make_server_context(ca.leaf);
  SSL_CTX_set_alpn_select_cb(
      context.get(),
      [](SSL*, const std::uint8_t** out, std::uint8_t* size, const std::uint8_t*, unsigned, void*) {
        *out = reinterpret_cast<const std::uint8_t*>("h2");
        *size = 2;
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  Peer peer(world, [&](StreamPtr stream, int) -> Task<void> {
    return [](StreamPtr s, SSL_CTX* c) -> Task<void> {
      (void)co_await accept_tls(std::move(s), c);
    }(std::move(stream), context.get());
  });
  const auto got = world.run(open(world, peer.port(), ca.trusting, "api.example"));
  REQUIRE_FALSE(got);
  CHECK(got.error().kind() == ErrorKind::protocol);
  CHECK(got.error().message() == "api.example: TLS handshake: invalid alpn protocol");
}

TEST_CASE("clients that speak no TLS, the wrong one, or too slowly") {
  Authorities ca;
  World world;
  Server server{.world = world,
                .terms = {identity_of(ca.leaf), name_of("api.example"), {Alpn::http11}},
                .outcome = {}};
  SECTION("bytes") {
    enum class Then { waits, ends };
    struct Row {
      const char* name;
      std::string bytes;
      Then then;
      ErrorKind kind;
    };
    const Row rows[] = {
        {"nothing, and an end", "", Then::ends, ErrorKind::closed},
        {"half a record, and an end", std::string("\x16\x03\x01\x02\x00\x01", 6), Then::ends,
         ErrorKind::closed},
        {"HTTP", "GET / HTTP/1.1\r\n\r\n", Then::waits, ErrorKind::protocol},
        {"SSH", "SSH-2.0-OpenSSH_9\r\n", Then::waits, ErrorKind::protocol},
        {"zeros", std::string(100, '\0'), Then::waits, ErrorKind::protocol},
        {"an alert", std::string("\x15\x03\x03\x00\x02\x02\x28", 7), Then::waits,
         ErrorKind::protocol},
        {"nothing", "", Then::waits, ErrorKind::timeout},
        {"half a record", std::string("\x16\x03\x01\x02\x00\x01", 6), Then::waits,
         ErrorKind::timeout},
    };
    for (const Row& row : rows) {
      server.patience = row.kind == ErrorKind::timeout ? milliseconds(20) : kTooLong;
      auto lower = world.run(world.dialer.dial({loopback(), server.peer.port()}, world.soon()));
      REQUIRE(lower);
      if (!row.bytes.empty()) REQUIRE(world.run((*lower)->write(row.bytes, world.soon())));
      if (row.then == Then::ends) REQUIRE(world.run((*lower)->finish(world.soon())));
      const auto outcome = server.wait();
      INFO(row.name << ": " << (outcome ? "served" : outcome.error().message()));
      REQUIRE_FALSE(outcome);
      CHECK(outcome.error().kind() == row.kind);
      CHECK(outcome.error().message().starts_with("api.example: "));
    }
  }
  SECTION("an old version") {
    OddClient client{.least = 0x0301, .most = 0x0302};
    CHECK_FALSE(world.run(client.open(world, server.peer.port(), "api.example")));
    const auto outcome = server.wait();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind() == ErrorKind::protocol);
  }
  SECTION("only ciphers without authentication inside") {
    OddClient client{.most = 0x0303};
    REQUIRE(SSL_CTX_set_strict_cipher_list(client.context.get(), "ECDHE-ECDSA-AES128-SHA") == 1);
    CHECK_FALSE(world.run(client.open(world, server.peer.port(), "api.example")));
    const auto outcome = server.wait();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().message() == "api.example: TLS handshake: no shared cipher");
  }
}

TEST_CASE("a TLS client gets nothing to resume, and is asked for no certificate") {
  Authorities ca;
  for (const std::uint16_t version : kVersions) {
    INFO(version);
    World world;
    OddClient client{.least = version, .most = version};
    {
      // The control: a server of default settings gives tickets.
      const auto generous = make_server_context(ca.leaf);
      Peer peer(world, [&](StreamPtr stream, int) -> Task<void> {
        return [](StreamPtr s, SSL_CTX* c) -> Task<void> {
          auto inner = co_await accept_tls(std::move(s), c);
          if (inner) (void)co_await (*inner)->write("x", {});
        }(std::move(stream), generous.get());
      });
      auto stream = world.run(client.open(world, peer.port(), "api.example"));
      REQUIRE(stream);
      REQUIRE(*world.run((*stream)->read(world.soon())) == "x");
      REQUIRE(client.sessions > 0);
    }
    client.sessions = 0;
    Server server{.world = world,
                  .terms = {identity_of(ca.leaf), name_of("api.example"), {Alpn::http11}},
                  .outcome = {}};
    auto stream = world.run(client.open(world, server.peer.port(), "api.example"));
    REQUIRE(stream);
    check_echo(world, **stream, 1000);
    CHECK(client.certificates == 0);
    CHECK(client.sessions == 0);
  }
}

TEST_CASE("server identities that are refused") {
  Authorities ca;
  const std::string leaf = der_of(ca.leaf.certificate.get());
  const std::string root = der_of(ca.root.certificate.get());
  struct Row {
    const char* name;
    EVP_PKEY* key;
    std::vector<std::string> chain;
    const char* says;
  };
  const Row rows[] = {
      {"no key", nullptr, {leaf}, "needs a key and a certificate"},
      {"no certificate", ca.leaf.key.get(), {}, "needs a key and a certificate"},
      {"another key", ca.other.key.get(), {leaf}, "does not belong to its certificate"},
      {"the wrong order", ca.leaf.key.get(), {root, leaf}, "does not belong to its certificate"},
      {"garbage", ca.leaf.key.get(), {"hello"}, "cannot be read"},
      {"a certificate cut off", ca.leaf.key.get(), {leaf.substr(1)}, "cannot be read"},
      {"a byte after it", ca.leaf.key.get(), {leaf + "x"}, "cannot be read"},
      {"garbage behind", ca.leaf.key.get(), {leaf, "hello"}, "cannot be read"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    bssl::UniquePtr<EVP_PKEY> key;
    if (row.key != nullptr) key = bssl::UpRef(row.key);
    const auto got = ServerIdentity::make(std::move(key), row.chain);
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == ErrorKind::invalid);
    CHECK(got.error().message().find(row.says) != std::string::npos);
  }
  const std::string whole[] = {leaf, root};
  CHECK(ServerIdentity::make(bssl::UpRef(ca.leaf.key), whole));
}

TEST_CASE("protocols inside TLS by name") {
  CHECK(parse_alpn("h2") == Alpn::h2);
  CHECK(parse_alpn("http/1.1") == Alpn::http11);
  for (const char* other : {"", "h2c", "H2", "http/1.0", "http/1.1 "})
    CHECK_FALSE(parse_alpn(other));
  CHECK(alpn_list(std::vector{Alpn::h2, Alpn::http11}) == "\2h2\10http/1.1");
}

}  // namespace
}  // namespace glovebox::net
