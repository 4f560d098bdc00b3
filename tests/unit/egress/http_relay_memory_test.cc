// What a relayed connection holds: a box may open many, and leave them open.
#include <malloc.h>

#include "egress/http_relay.h"
#include "support.h"

namespace glovebox::egress {
namespace {

using namespace testing;

constexpr int kConnections = 200;
// Client, origin and relay live in this process: what is counted is all three.
constexpr std::size_t kMostIdle = 8 * kKiB;
constexpr std::size_t kMostStreaming = 8 * kKiB;

std::size_t in_use() {
  return mallinfo2().uordblks + mallinfo2().hblkhd;
}

bool allocator_counts() {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return false;
#endif
#endif
  return true;
}

// Opens connections, sends each the same request and reads up to `end`; gives what one holds.
std::size_t held_by_one(Bench& bench, std::string request, std::string end) {
  std::vector<net::StreamPtr> clients;
  const auto open = [&] {
    clients.push_back(bench.run(
        [](Bench& b, std::string bytes, std::string last) -> net::Task<Result<net::StreamPtr>> {
          net::StreamPtr client = b.connect();
          CO_TRY(co_await client->write(bytes, b.soon()));
          CHECK((co_await read_until(*client, last)).ends_with(last));
          for (int turn = 0; turn < 10; ++turn) co_await b.loop->yield();
          co_return std::move(client);
        }(bench, request, end)));
  };
  clients.reserve(kConnections + 1);
  bench.site.judged.reserve(kConnections + 1);
  bench.site.notes.reserve(kConnections + 1);
  open();  // what is made once, is made here
  const std::size_t before = in_use();
  for (int i = 0; i < kConnections; ++i) open();
  CHECK(bench.loop->tasks() >= kConnections);
  const std::size_t held = in_use() - before;
  return held / kConnections;
}

TEST_CASE("an idle connection holds neither heads nor buffers") {
  if (!allocator_counts()) {
    SUCCEED("the sanitizer's allocator does not count");
    return;
  }
  const auto seen = std::make_shared<Seen>();
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write(ok("x"), {});
    (void)co_await stream->readable({});
  });
  const std::string large =
      "GET /a HTTP/1.1\r\nhost: a.test\r\nx: " + std::string(14'000, 'x') + "\r\n\r\n";
  const std::size_t held = held_by_one(bench, large, ok("x"));
  INFO("an idle connection holds " << held << " bytes");
  CHECK(held < kMostIdle);
}

TEST_CASE("a connection that waits for events holds no bytes of what has passed") {
  if (!allocator_counts()) {
    SUCCEED("the sanitizer's allocator does not count");
    return;
  }
  const std::string event(10'000, 'e');
  Bench bench([&](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", {});
    (void)co_await stream->write(to_chunk(event + "end"), {});
    (void)co_await stream->readable({});
  });
  bench.site.secret.emplace(Injection{"key", Secret::take(std::string("s3cret-value")), "P"});
  const std::size_t held = held_by_one(bench, "GET /a HTTP/1.1\r\nhost: a.test\r\n\r\n", "end\r\n");
  INFO("a streaming connection holds " << held << " bytes");
  CHECK(held < kMostStreaming);
}

}  // namespace
}  // namespace glovebox::egress
