// What an idle TLS connection costs: thousands of sessions each keep one.
#include <malloc.h>

#include <cstdio>

#include "certificates.h"
#include "support.h"

namespace glovebox::net {
namespace {

using namespace testing;

constexpr int kConnections = 500;
constexpr std::size_t kMostPerConnection = 16 * kKiB;

// Both ends live in this process; a wait in read() is what an idle event stream is.
Task<void> serve(StreamPtr lower, SSL_CTX* context, std::vector<StreamPtr>& kept) {
  auto inner = co_await accept_tls(std::move(lower), context);
  if (!inner) co_return;
  (void)co_await (*inner)->write("hello", {});
  kept.push_back(*std::move(inner));
}

std::size_t in_use() {
  return mallinfo2().uordblks + mallinfo2().hblkhd;
}

TEST_CASE("an idle TLS connection is small") {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  SUCCEED("the sanitizer's allocator does not count");
  return;
#endif
#endif
  World world;
  const Identity root =
      make_identity({.name = "Root", .role = CertificateRequest::Role::authority}, nullptr);
  const Identity leaf = make_identity({.alternatives = {"DNS:api.example"}}, &root);
  const auto server = make_server_context(leaf);
  const TlsContext context = *TlsContext::make({"test", root.pem()});
  std::vector<StreamPtr> far, near;
  far.reserve(kConnections);
  near.reserve(kConnections);
  Peer peer(world, [&](StreamPtr stream, int) -> Task<void> {
    return serve(std::move(stream), server.get(), far);
  });
  const auto open = [](World& w, std::uint16_t port, TlsContext tls) -> Task<Result<StreamPtr>> {
    StreamPtr lower = CO_TRY(co_await w.dialer.dial({loopback(), port}, w.soon()));
    co_return co_await start_tls(std::move(lower), tls, *codec::parse_host("api.example"),
                                 w.soon());
  };
  const auto connect = [&] {
    auto stream = world.run(open(world, peer.port(), context));
    REQUIRE(stream);
    REQUIRE(*world.run((*stream)->read(world.soon())) == "hello");
    near.push_back(*std::move(stream));
  };
  connect();  // what is made once, is made here
  const std::size_t before = in_use();
  for (int i = 1; i < kConnections; ++i) connect();
  const std::size_t connected = in_use();
  for (const StreamPtr& stream : near)
    world.loop->spawn([](ByteStream& s) -> Task<void> { (void)co_await s.read({}); }(*stream));
  world.run(world.loop->sleep(milliseconds(1)));
  REQUIRE(world.loop->tasks() >= kConnections);
  const std::size_t waiting = (in_use() - connected) / kConnections;
  world.loop.reset();
  far.clear();  // the server's end keeps more, and is no part of it
  const std::size_t stream = (in_use() - before) / (kConnections - 1);
  INFO("an idle TLS connection holds " << stream << " bytes, and " << waiting
                                       << " while it is read");
  CHECK(stream + waiting < kMostPerConnection);
}

}  // namespace
}  // namespace glovebox::net
