// What a peer may not take of an HTTP/2 session: its time, its memory, the streams of others.
#include <functional>
#include <string>

#include "http2_frames.h"
#include "net/http2_session.h"

namespace glovebox::net {
namespace {

using namespace testing;

// So many frames can be pushed before the session ends.
int frames_until_over(Http2Session& session, const std::function<std::string(int)>& next,
                      Duration step = {}) {
  Duration now = kNow;
  for (int i = 0; i < 300'000; ++i) {
    if (!session.push(next(i), now) || (pull_all(session), session.failure())) return i;
    for (auto id = session.next_request(); id; id = session.next_request()) session.forget(*id);
    while (session.next_malformed()) {
    }
    now += step;
  }
  return 300'000;
}

TEST_CASE("floods are told to be calm") {
  struct Row {
    const char* name;
    std::function<std::string(int)> next;
    double burst;
  };
  const auto odd = [](int i) { return static_cast<std::uint32_t>(2 * i + 3); };
  const Row rows[] = {
      {"rapid reset (CVE-2023-44487)", [&](int i) { return post(odd(i)) + reset(odd(i)); },
       kResetBurst},
      {"resets that we are made to send (CVE-2025-8671)",
       [&](int i) { return post(odd(i)) + frame(kWindow, 0, odd(i), number(0x7fffffff)); },
       kResetBurst},
      {"malformed requests",
       [&](int i) {
         return frame(kHeaders, kEndHead, odd(i), post_head({{"connection", "close"}}));
       },
       kResetBurst},
      {"PING", [](int) { return frame(kPing, 0, 0, "12345678"); }, kQuietBurst},
      {"acknowledged PING", [](int) { return frame(kPing, kAck, 0, "12345678"); }, kQuietBurst},
      {"SETTINGS", [](int) { return frame(kSettings, 0, 0); }, kQuietBurst},
      {"PRIORITY", [](int) { return frame(kPriority, 0, 1, number(0) + "\x10"); }, kQuietBurst},
      {"DATA without content", [](int) { return frame(kData, 0, 1); }, kQuietBurst},
      {"DATA of padding", [](int) { return frame(kData, kPadded, 1, std::string(2, '\1')); },
       kQuietBurst},
      {"RST_STREAM of closed streams", [](int) { return reset(1); }, kResetBurst},
      {"heads on closed streams", [](int i) { return (i == 0 ? reset(1) : "") + get(1); },
       kQuietBurst},
      {"WINDOW_UPDATE", [](int) { return frame(kWindow, 0, 1, number(1)); }, kWindowBurst},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Http2Session session = server();
    REQUIRE(session.push(preface() + post(1), kNow));
    (void)session.next_request();
    (void)pull_all(session);
    const int taken = frames_until_over(session, row.next);
    CHECK(taken >= row.burst - 10);
    CHECK(taken <= row.burst + 10);
    REQUIRE(session.failure());
    CHECK(session.failure()->kind() == ErrorKind::limit);
  }
}

TEST_CASE("what comes as slowly as programs send it is no flood") {
  const auto odd = [](int i) { return static_cast<std::uint32_t>(2 * i + 3); };
  Http2Session pings = server();
  REQUIRE(pings.push(preface(), kNow));
  CHECK(frames_until_over(
            pings, [](int i) { return i < 5000 ? frame(kPing, 0, 0, "12345678") : std::string(); },
            milliseconds(11)) == 300'000);
  Http2Session resets = server();
  REQUIRE(resets.push(preface(), kNow));
  CHECK(frames_until_over(
            resets, [&](int i) { return i < 350 ? post(odd(i)) + reset(odd(i)) : std::string(); },
            milliseconds(40)) == 300'000);
  // A program that asks how far the other side is, behind each piece of a long body.
  Http2Session measured = server();
  REQUIRE(measured.push(preface() + post(1), kNow));
  CHECK(measured.next_request() == 1);
  CHECK(frames_until_over(measured, [&](int i) {
          measured.consume(1, i == 0 ? 0 : 1);
          return i < 20'000 ? frame(kData, 0, 1, "x") + frame(kPing, 0, 0, "12345678")
                            : std::string();
        }) == 300'000);
}

TEST_CASE("acknowledgements that nobody takes are bounded") {
  Http2Session session = server();
  REQUIRE(session.push(preface(), kNow));
  int taken = 0;
  while (session.push(frame(kPing, 0, 0, "12345678"), kNow)) ++taken;
  CHECK(taken <= static_cast<int>(kMaxQueuedAcks) + 2);
  CHECK(session.failure()->kind() == ErrorKind::limit);
}

TEST_CASE("heads are cut off at their limits, and their streams say so") {
  const std::string value(1000, 'v');
  std::string long_head = get_head(), many = get_head(), table = get_head();
  for (int i = 0; i < 20; ++i) long_head += hpack({{"x", value}});
  for (int i = 0; i < 100; ++i) many += hpack({{"x", "y"}});
  // One field in the table, and then a byte for each time it is meant (an HPACK bomb).
  table += '\x40' + hpack_length(1) + "x" + hpack_length(value.size()) + value +
           std::string(10'000, '\xbe');
  for (const std::string& head : {long_head, many, table}) {
    Http2Session session = server();
    std::string bytes = preface();
    std::string rest = head;
    bytes += frame(kHeaders, kEndStream, 1, rest.substr(0, 16'000));
    rest.erase(0, 16'000);
    bytes += frame(kContinuation, kEndHead, 1, rest);
    REQUIRE(session.push(bytes + get(3), kNow));
    CHECK(session.next_request() == 1);
    CHECK(session.next_request() == 3);
    REQUIRE(session.find(1) != nullptr);
    CHECK(session.find(1)->head_size == Http2Stream::HeadSize::too_large);
    REQUIRE(session.find(1)->heads.size() == 1);
    std::size_t held = 0;
    for (const auto& field : session.find(1)->heads[0]) held += field.value.size();
    CHECK(held <= Http2Limits().head.bytes());
    CHECK(session.find(3)->head_size == Http2Stream::HeadSize::fits);
  }
}

TEST_CASE("bytes that nobody takes are bounded by the windows") {
  Http2Limits limits;
  limits.stream_window = 70'000;
  limits.connection_window = 100'000;
  Http2Session session = server(limits);
  REQUIRE(session.push(preface() + post(1) + post(3), kNow));
  (void)pull_all(session);
  REQUIRE(session.push(frame(kSettings, kAck, 0), kNow));
  // In frames of one byte: kept together, not one by one.
  std::string flood;
  for (int i = 0; i < 70'000; ++i) flood += frame(kData, 0, 1, "x");
  REQUIRE(session.push(flood, kNow));
  CHECK(session.find(1)->body.size() == 70'000);
  CHECK(pull_all(session).empty());
  SECTION("what is used up may be sent again") {
    session.find(1)->body.clear();
    session.consume(1, 70'000);
    CHECK(frames_in(pull_all(session), kWindow) == 2);
    REQUIRE(session.push(frame(kData, kEndStream, 1, "y"), kNow));
    CHECK(session.find(1)->body == "y");
    CHECK(session.find(1)->ended == Http2Ends::yes);
  }
  SECTION("one byte more ends the stream") {
    REQUIRE(session.push(frame(kData, 0, 1, "x"), kNow));
    (void)pull_all(session);
    CHECK(session.find(1)->state == Http2Stream::State::closed);
    CHECK_FALSE(session.failure());
  }
  SECTION("one byte more than all streams together may have ends the connection") {
    for (int i = 0; i < 3; ++i)
      (void)session.push(frame(kData, 0, 3, std::string(10'001, 'x')), kNow);
    CHECK(farewell_in(pull_all(session)) == 3);
    CHECK(session.failure());
  }
  SECTION("a stream that is forgotten gives its part of the connection's back") {
    session.forget(1);
    const std::string sent = pull_all(session);
    CHECK(frames_in(sent, kReset) == 1);
    CHECK(frames_in(sent, kWindow) == 1);
    // What was under way is thrown away, and counts as used up.
    REQUIRE(session.push(frame(kData, 0, 1, std::string(16'000, 'x')), kNow));
    CHECK(session.find(1) == nullptr);
  }
}

TEST_CASE("DATA on a closed stream goes nowhere, and gives its window back") {
  Http2Session session = server();
  REQUIRE(session.push(preface() + post(1) + post(3) + reset(1), kNow));
  (void)pull_all(session);
  int windows = 0;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(session.push(frame(kData, 0, 1, std::string(16'000, 'x')), kNow));
    windows += frames_in(pull_all(session), kWindow);
  }
  CHECK(windows > 0);
  CHECK(session.find(1)->body.empty());
  REQUIRE(session.push(frame(kData, kEndStream, 3, "y"), kNow));
  CHECK(session.find(3)->body == "y");
}

TEST_CASE("a peer that opens no window gets nothing") {
  Http2Session session = server();
  REQUIRE(session.push("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                           frame(kSettings, 0, 0, number(4, 2) + number(0)) + get(1),
                       kNow));
  REQUIRE(session.answer(1, fields({{":status", "200"}}), Http2Ends::no));
  REQUIRE(session.write(1, "hello", Http2Ends::yes));
  CHECK(frames_in(pull_all(session), kData) == 0);
  CHECK(session.unsent(1) == 6);
  REQUIRE(session.push(frame(kWindow, 0, 1, number(2)), kNow));
  CHECK(pull_all(session) == frame(kData, 0, 1, "he"));
  CHECK(session.unsent(1) == 4);
  REQUIRE(session.push(frame(kWindow, 0, 1, number(9)), kNow));
  CHECK(pull_all(session) == frame(kData, kEndStream, 1, "llo"));
  CHECK(session.unsent(1) == 0);
  CHECK(session.find(1)->state == Http2Stream::State::closed);
  CHECK_FALSE(session.find(1)->reset);
}

TEST_CASE("memory is bounded") {
  Http2Limits limits;
  limits.memory = ByteLimit(1000);
  CHECK_FALSE(Http2Session::make(Http2Role::server, limits));
  limits.memory = ByteLimit(64 * kKiB);
  Http2Session session = server(limits);
  std::string bytes = preface();
  for (std::uint32_t i = 0; i < 100; ++i) bytes += post(2 * i + 1);
  bool failed = false;
  for (int turn = 0; turn < 50 && !failed; ++turn) {
    failed = !session.push(bytes, kNow);
    bytes.clear();
    for (std::uint32_t i = 0; i < 100; ++i) {
      const auto id = static_cast<Http2StreamId>(2 * i + 1);
      (void)session.answer(id, fields({{":status", "200"}, {"x", std::string(500, 'x')}}),
                           Http2Ends::no);
    }
    failed = failed || session.failure();
  }
  REQUIRE(session.failure());
  CHECK(session.failure()->kind() == ErrorKind::limit);
  CHECK(farewell_in(pull_all(session)) == 11);
}

}  // namespace
}  // namespace glovebox::net
