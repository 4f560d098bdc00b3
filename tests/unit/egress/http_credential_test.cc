// A credential that the box does not hold: where it goes, and that it does not come back.
#include "egress/http_relay.h"
#include "support.h"

namespace glovebox::egress {
namespace {

using namespace testing;

constexpr std::string_view kSecret = "sk-live-0123456789abcdef";
const std::string kStars(kSecret.size(), '*');

void give_secret(Bench& bench) {
  bench.site.secret.emplace(
      Injection{"api-key", Secret::take(std::string(kSecret)), "GB-PLACEHOLDER"});
}

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nhost: a.test\r\n" + std::string(fields) +
         "\r\n";
}

// No record holds the secret, nor half of it.
void check_notes(const Bench& bench) {
  const std::string_view half = kSecret.substr(0, kSecret.size() / 2);
  for (const HttpExchange& note : bench.site.notes)
    for (const std::string& text : {note.method, note.path, note.rule, note.words})
      CHECK_FALSE(text.contains(half));
}

TEST_CASE("an allowed request carries the secret, and the record its name") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  give_secret(bench);
  CHECK(bench.talk(get("/a", "Authorization: Bearer GB-PLACEHOLDER\r\nX-K: GB-PLACEHOLDER\r\n")) ==
        ok("GET /a "));
  REQUIRE(seen->requests.size() == 1);
  const net::Fields& fields = seen->requests[0].head.fields;
  CHECK(fields.find("authorization") == "Bearer " + std::string(kSecret));
  CHECK(fields.count("authorization") == 1);
  CHECK(fields.find("x-k") == kSecret);
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].credential == "api-key");
  check_notes(bench);
}

TEST_CASE("F49 what is denied or refused carries nothing") {
  for (const std::string& request :
       {get("/denied"), std::string("GET / HTTP/1.1\r\nhost: b.test\r\n\r\n"),
        get("/..", "Authorization: Bearer GB-PLACEHOLDER\r\n")}) {
    const auto seen = std::make_shared<Seen>();
    Bench bench(echo_origin(seen));
    give_secret(bench);
    CHECK_FALSE(bench.talk(request).contains(kSecret));
    CHECK(seen->bytes.empty());
    REQUIRE(bench.site.notes.size() == 1);
    CHECK_FALSE(bench.site.notes[0].credential);
    check_notes(bench);
  }
}

TEST_CASE("F49 an origin that is not reached had no credential") {
  Bench bench(echo_origin(std::make_shared<Seen>()));
  give_secret(bench);
  bench.site.refusal = ErrorKind::invalid;
  CHECK_FALSE(bench.talk(get("/a")).contains(kSecret));
  REQUIRE(bench.site.notes.size() == 1);
  CHECK_FALSE(bench.site.notes[0].credential);
}

TEST_CASE("F49 a placeholder in path, query and body stays") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  give_secret(bench);
  const std::string got = bench.talk(
      "POST /GB-PLACEHOLDER?k=GB-PLACEHOLDER HTTP/1.1\r\nhost: a.test\r\ncontent-length: "
      "14\r\n\r\nGB-PLACEHOLDER");
  CHECK(got == ok("POST /GB-PLACEHOLDER?k=GB-PLACEHOLDER GB-PLACEHOLDER"));
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].misplaced == Misplaced::in_target);
}

TEST_CASE("F50 the secret does not come back, however the answer is cut") {
  const std::string head = "HTTP/1.1 200 OK\r\nx-echo: Bearer ";
  const std::string body =
      "you sent <Bearer " + std::string(kSecret) + ">, " + std::string(kSecret) + " and sk-live-0";
  const std::string clean = "you sent <Bearer " + kStars + ">, " + kStars + " and sk-live-0";
  const std::string answer = head + std::string(kSecret) +
                             "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
                             body;
  const std::string expected = "HTTP/1.1 200 OK\r\nx-echo: Bearer " + kStars +
                               "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
                               clean;
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    INFO("cut at " << cut);
    Bench bench([&](net::Loop& loop, net::StreamPtr stream, int) -> net::Task<void> {
      (void)co_await testing::read_head(*stream);
      (void)co_await stream->write(std::string_view(answer).substr(0, cut), {});
      for (int turn = 0; turn < 6; ++turn) co_await loop.yield();
      (void)co_await stream->write(std::string_view(answer).substr(cut), {});
    });
    give_secret(bench);
    CHECK(bench.talk(get("/a")) == expected);
    check_notes(bench);
  }
}

TEST_CASE("F50 in chunks of one byte, and in a WebSocket") {
  for (const bool socket : {false, true}) {
    Bench bench([&](net::Loop& loop, net::StreamPtr stream, int) -> net::Task<void> {
      (void)co_await testing::read_head(*stream);
      (void)co_await stream->write(socket ? "HTTP/1.1 101 X\r\nupgrade: websocket\r\n\r\n"
                                          : "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
                                   {});
      for (const char c : "<" + std::string(kSecret) + ">") {
        const std::string piece(1, c);
        (void)co_await stream->write(socket ? piece : to_chunk(piece), {});
        co_await loop.yield();
      }
      if (!socket) (void)co_await stream->write(kLastChunk, {});
    });
    give_secret(bench);
    const std::string got =
        bench.talk(get("/a", socket ? "upgrade: websocket\r\nconnection: upgrade\r\n" : ""));
    std::string letters;
    for (const char c : got.substr(got.find("\r\n\r\n")))
      if (c == '*' || c == '<' || c == '>' || (c >= 'g' && c <= 'z')) letters += c;
    CHECK(letters == "<" + kStars + ">");
  }
}

TEST_CASE("F50 an answer that cannot be searched is refused") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    const std::string head = co_await testing::read_head(*stream);
    CHECK(head.contains("accept-encoding: identity\r\n"));
    CHECK_FALSE(head.contains("gzip"));
    CHECK_FALSE(head.contains("ange"));
    (void)co_await stream->write(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", {});
  });
  give_secret(bench);
  const std::string got = bench.talk(get("/a", "Accept-Encoding: gzip\r\nRange: bytes=0-3\r\n"));
  CHECK(got.starts_with("HTTP/1.1 502 "));
}

TEST_CASE("an event that ends like the secret begins is not kept back for long") {
  Bench bench([](net::Loop&, net::StreamPtr stream, int) -> net::Task<void> {
    (void)co_await testing::read_head(*stream);
    (void)co_await stream->write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", {});
    (void)co_await stream->write(to_chunk("tasks"), {});
    (void)co_await read_all(*stream, {});
  });
  give_secret(bench);
  bench.run([](Bench& b) -> net::Task<Result<int>> {
    const net::StreamPtr client = b.connect();
    CO_TRY(co_await client->write(get("/a"), b.soon()));
    CHECK((co_await read_until(*client, "1\r\ns\r\n")).ends_with("4\r\ntask\r\n1\r\ns\r\n"));
    co_return 0;
  }(bench));
}

TEST_CASE("a secret that the box knows is in no record") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  give_secret(bench);
  CHECK_FALSE(bench.talk(get("/x/" + std::string(kSecret))).contains(kSecret));
  REQUIRE(bench.site.notes.size() == 1);
  CHECK(bench.site.notes[0].path == "/x/" + kStars);
  check_notes(bench);
}

TEST_CASE("a request with a credential that cannot be sent") {
  const auto seen = std::make_shared<Seen>();
  Bench bench(echo_origin(seen));
  bench.site.secret.emplace(Injection{"api-key", Secret::take(std::string("a\r\nb: c")), ""});
  const std::string got = bench.talk(get("/a"));
  CHECK(got.ends_with("\r\n\r\nthe credential for this host cannot be sent\n"));
  CHECK(got.starts_with("HTTP/1.1 502 "));
  CHECK(seen->bytes.empty());
}

}  // namespace
}  // namespace glovebox::egress
