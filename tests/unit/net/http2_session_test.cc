#include "net/http2_session.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "http2_frames.h"

namespace glovebox::net {
namespace {

using namespace testing;

const std::vector<Http2Field> kGet =
    fields({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}});
const std::vector<Http2Field> kPost =
    fields({{":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}});

TEST_CASE("what ends an HTTP/2 connection, however it is cut") {
  struct Row {
    const char* name;
    std::string bytes;  // behind the preface, unless it is wrong itself
    bool is_flood = false;
  };
  std::string many_settings, many_continuations = frame(kHeaders, kEndStream, 1, get_head());
  for (int i = 0; i < 33; ++i) many_settings += number(0x4242, 2) + number(1);
  for (int i = 0; i < 9; ++i) many_continuations += frame(kContinuation, 0, 1, "");
  std::string too_many_streams;
  for (std::uint32_t i = 0; i < 101; ++i) too_many_streams += post(2 * i + 1);
  const Row rows[] = {
      {"DATA on stream 0", frame(kData, 0, 0, "x")},
      {"HEADERS on stream 0", frame(kHeaders, kEndStream | kEndHead, 0, get_head())},
      {"DATA on a stream that was never opened", frame(kData, 0, 5, "x")},
      {"WINDOW_UPDATE on a stream that was never opened", frame(kWindow, 0, 5, number(1))},
      {"a stream of an even number", get(2)},
      {"a promise from a client", frame(kPush, kEndHead, 1, number(2) + get_head())},
      {"a window that opens by nothing", frame(kWindow, 0, 0, number(0))},
      {"a window that overflows", frame(kWindow, 0, 0, number(0x7fffffff))},
      {"a setting cut short", frame(kSettings, 0, 0, "abc")},
      {"an initial window that overflows",
       frame(kSettings, 0, 0, number(4, 2) + number(0x80000000))},
      {"a frame size setting that is too small", frame(kSettings, 0, 0, number(5, 2) + number(1))},
      {"33 settings", frame(kSettings, 0, 0, many_settings), true},
      {"a PING of 7 bytes", frame(kPing, 0, 0, "1234567")},
      {"a frame of more than 16 KiB", frame(kData, 0, 1, std::string(16385, 'x'))},
      {"nine CONTINUATIONs", many_continuations, true},
      {"CONTINUATION without a head", frame(kContinuation, kEndHead, 1, get_head())},
      {"a frame within a head",
       frame(kHeaders, kEndStream, 1, get_head()) + frame(kPing, 0, 0, "12345678")},
      {"HPACK: an index that is not there", frame(kHeaders, kEndStream | kEndHead, 1, "\xff\x7f")},
      {"HPACK: a table that is too large",
       frame(kHeaders, kEndStream | kEndHead, 1, "\x3f\xe2\x1f" + get_head())},
      {"HPACK: cut off", frame(kHeaders, kEndStream | kEndHead, 1, get_head().substr(0, 20))},
      {"padding that is longer than its frame", post(1) + frame(kData, kPadded, 1, "\x05x")},
      {"101 streams at once", too_many_streams},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{7}}) {
      INFO(row.name << " in pieces of " << piece);
      Http2Session session = server();
      // Our SETTINGS are known to the peer: only then it must keep them.
      REQUIRE(session.push(preface(), kNow));
      (void)pull_all(session);
      REQUIRE(session.push(frame(kSettings, kAck, 0), kNow));
      std::string sent;
      for (std::size_t at = 0; at < row.bytes.size() && !session.failure(); at += piece) {
        (void)session.push(std::string_view(row.bytes).substr(at, piece), kNow);
        if (at % 1000 == 0) sent += pull_all(session);
      }
      sent += pull_all(session);
      REQUIRE(session.failure());
      CHECK(session.failure()->kind() == (row.is_flood ? ErrorKind::limit : ErrorKind::protocol));
      CHECK(farewell_in(sent) > 0);
      CHECK(session.is_over());
      CHECK(pull_all(session).empty());
      CHECK_FALSE(session.push(get(201), kNow));
    }
  }
  for (const std::string& start :
       {std::string("GET / HTTP/1.1\r\nhost: a.test\r\n\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + get(1),
        std::string("PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"), std::string(24, '\0')}) {
    Http2Session session = server();
    (void)session.push(start, kNow);
    CHECK(farewell_in(pull_all(session)) > 0);
    CHECK(session.failure());
  }
}

TEST_CASE("a request that is malformed is reset, and the others go on") {
  struct Row {
    const char* name;
    std::string head;
    const char* method = "GET";
  };
  const Row rows[] = {
      {"capitals in a name", get_head({{"X-Y", "z"}})},
      {"connection", get_head({{"connection", "close"}})},
      {"keep-alive", get_head({{"keep-alive", "timeout=5"}})},
      {"proxy-connection", get_head({{"proxy-connection", "close"}})},
      {"transfer-encoding", get_head({{"transfer-encoding", "chunked"}})},
      {"upgrade", get_head({{"upgrade", "websocket"}})},
      {"te other than trailers", get_head({{"te", "gzip"}})},
      {"a line end in a value", get_head({{"x", "a\r\nb: c"}})},
      {"a zero byte in a value", get_head({{"x", std::string_view("a\0b", 3)}})},
      {"a blank in a name", get_head({{"x y", "z"}})},
      {"a colon in a name", get_head({{"x:y", "z"}})},
      {"no name", get_head({{"", "z"}})},
      {"blanks around a value", get_head({{"x", " a "}})},
      {"a pseudo field behind others", hpack({{":method", "GET"},
                                              {"x", "y"},
                                              {":scheme", "https"},
                                              {":authority", "a.test"},
                                              {":path", "/"}})},
      {"a pseudo field twice", hpack({{":method", "GET"},
                                      {":method", "PUT"},
                                      {":scheme", "https"},
                                      {":authority", "a.test"},
                                      {":path", "/"}})},
      {"a pseudo field of an answer", get_head({{":status", "200"}})},
      {"an unknown pseudo field", get_head({{":proto", "x"}})},
      {"extended CONNECT",
       hpack({{":method", "CONNECT"},
              {":protocol", "websocket"},
              {":scheme", "https"},
              {":authority", "a.test"},
              {":path", "/"}}),
       "CONNECT"},
      {"no path", hpack({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}})},
      {"an empty path",
       hpack({{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", ""}})},
      {"no method", hpack({{":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}}), ""},
      {"no scheme", hpack({{":method", "GET"}, {":authority", "a.test"}, {":path", "/"}})},
      {"CONNECT with a path",
       hpack({{":method", "CONNECT"},
              {":scheme", "https"},
              {":authority", "a.test"},
              {":path", "/"}}),
       "CONNECT"},
      {"two lengths", get_head({{"content-length", "0"}, {"content-length", "0"}})},
      {"a length with a sign", get_head({{"content-length", "+5"}})},
      {"a body that does not come", get_head({{"content-length", "5"}})},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Http2Session session = server();
    REQUIRE(session.push(preface() + frame(kHeaders, kEndStream | kEndHead, 1, row.head) + get(3),
                         kNow));
    const std::string sent = pull_all(session);
    CHECK(frames_in(sent, kReset) == 1);
    CHECK(farewell_in(sent) == -1);
    const auto malformed = session.next_malformed();
    REQUIRE(malformed);
    CHECK(malformed->method == row.method);
    CHECK_FALSE(session.next_malformed());
    CHECK(session.next_request() == 3);
    CHECK_FALSE(session.next_request());
    CHECK_FALSE(session.failure());
  }
}

TEST_CASE("a body that is longer or shorter than the head says resets its stream") {
  for (const std::string& body :
       {frame(kData, 0, 1, "toolong"), frame(kData, kEndStream, 1, "abc")}) {
    Http2Session session = server();
    REQUIRE(session.push(
        preface() + frame(kHeaders, kEndHead, 1, post_head({{"content-length", "5"}})) + body,
        kNow));
    (void)pull_all(session);
    CHECK(session.next_request() == 1);
    REQUIRE(session.find(1) != nullptr);
    CHECK(session.find(1)->state == Http2Stream::State::closed);
    CHECK(session.find(1)->reset == Http2Code::protocol_error);
    CHECK_FALSE(session.failure());
  }
}

// Everything that a session tells of a conversation.
std::string told(Http2Session& session, std::vector<Http2StreamId> streams) {
  std::string out = session.failure() ? "failed " : "good ";
  while (auto malformed = session.next_malformed()) out += "malformed " + malformed->method + "\n";
  while (auto id = session.next_request()) out += "asked " + std::to_string(*id) + "\n";
  for (const Http2StreamId id : streams) {
    const Http2Stream* stream = session.find(id);
    out += std::to_string(id);
    if (stream == nullptr) {
      out += " none\n";
      continue;
    }
    for (const Fields& head : stream->heads)
      for (const auto& [name, value] : head) out += " " + name + "=" + value;
    out += " body " + stream->body;
    if (stream->trailers)
      for (const auto& [name, value] : *stream->trailers) out += " trailer " + name + "=" + value;
    out += stream->ended == Http2Ends::yes ? " ended" : " goes on";
    if (stream->reset) out += " reset " + std::to_string(static_cast<int>(*stream->reset));
    out += "\n";
  }
  return out;
}

TEST_CASE("a conversation is the same whole, byte by byte and cut at every offset") {
  const std::string bytes =
      preface() + get(1) + post(3) + frame(kData, 0, 3, "hel") +
      frame(kHeaders, 0, 5, post_head().substr(0, 10)) +
      frame(kContinuation, kEndHead, 5, post_head().substr(10)) +
      frame(kData, kPadded, 3, std::string("\x02lo\0\0", 5)) + frame(kPing, 0, 0, "12345678") +
      frame(kHeaders, kEndStream | kEndHead, 3, hpack({{"grpc-status", "0"}})) + reset(5) +
      frame(kHeaders, kEndStream | kEndHead, 7, get_head({{"connection", "x"}})) + get(9) +
      frame(kGoAway, 0, 0, number(0) + number(0));
  Http2Session whole = server();
  REQUIRE(whole.push(bytes, kNow));
  const std::string sent = pull_all(whole);
  const std::string expected = told(whole, {1, 3, 5, 7, 9});
  CHECK(expected.contains("malformed GET"));
  CHECK(expected.contains("body hello trailer grpc-status=0 ended\n"));
  CHECK(expected.contains("reset 8"));
  Http2Session single = server();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    INFO("at " << at << " of " << bytes.size());
    const auto pushed = single.push(std::string_view(bytes).substr(at, 1), kNow);
    REQUIRE((pushed ? "" : pushed.error().message()) == "");
  }
  CHECK(pull_all(single) == sent);
  CHECK(told(single, {1, 3, 5, 7, 9}) == expected);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    INFO("cut at " << cut);
    Http2Session session = server();
    REQUIRE(session.push(std::string_view(bytes).substr(0, cut), kNow));
    (void)pull_all(session);
    REQUIRE(session.push(std::string_view(bytes).substr(cut), kNow));
    (void)pull_all(session);
    CHECK(told(session, {1, 3, 5, 7, 9}) == expected);
  }
}

TEST_CASE(
    "two sessions: a request with a body and trailers, interim heads, an answer with trailers") {
  Http2Session near = client(), far = server();
  talk(near, far);
  const auto id = near.request(kPost, Http2Ends::no);
  REQUIRE(id);
  REQUIRE(near.write(*id, "question", Http2Ends::no));
  talk(near, far);
  CHECK(far.next_request() == id);
  CHECK(far.find(*id)->body == "question");
  CHECK(far.find(*id)->ended == Http2Ends::no);
  REQUIRE(far.answer(*id, fields({{":status", "103"}, {"link", "x"}}), Http2Ends::no));
  REQUIRE(far.answer(*id, fields({{":status", "200"}}), Http2Ends::no));
  CHECK_FALSE(far.answer(*id, fields({{":status", "200"}}), Http2Ends::no));
  REQUIRE(far.write(*id, "first", Http2Ends::no));
  talk(near, far);
  REQUIRE(near.find(*id)->heads.size() == 2);
  CHECK(near.find(*id)->heads[0].find(":status") == "103");
  CHECK(near.find(*id)->body == "first");
  // Both ways, as gRPC does it.
  REQUIRE(near.write(*id, " and more", Http2Ends::no));
  REQUIRE(near.write_trailers(*id, fields({{"x-sum", "1"}})));
  CHECK_FALSE(near.write(*id, "too late", Http2Ends::no));
  talk(near, far);
  CHECK(far.find(*id)->body == "question and more");
  CHECK(far.find(*id)->ended == Http2Ends::yes);
  CHECK(far.find(*id)->trailers->find("x-sum") == "1");
  REQUIRE(far.write_trailers(*id, fields({{"grpc-status", "0"}})));
  CHECK(far.unsent(*id) == 1);
  talk(near, far);
  CHECK(far.unsent(*id) == 0);
  CHECK(near.find(*id)->trailers->find("grpc-status") == "0");
  for (Http2Session* session : {&near, &far}) {
    CHECK(session->find(*id)->state == Http2Stream::State::closed);
    CHECK_FALSE(session->find(*id)->reset);
    CHECK(std::ranges::contains(session->take_changed(), *id));
    session->forget(*id);
    CHECK(session->streams() == 0);
  }
  CHECK_FALSE(near.failure());
  CHECK_FALSE(far.failure());
}

TEST_CASE("streams that are called off, by either side") {
  Http2Session near = client(), far = server();
  talk(near, far);
  const auto first = near.request(kPost, Http2Ends::no),
             second = near.request(kPost, Http2Ends::no);
  REQUIRE(second);
  talk(near, far);
  near.forget(*first);
  far.reset(*second, Http2Code::enhance_your_calm);
  talk(near, far);
  CHECK(far.find(*first)->reset == Http2Code::cancel);
  CHECK(near.find(*second)->reset == Http2Code::enhance_your_calm);
  CHECK_FALSE(near.write(*second, "x", Http2Ends::no));
  CHECK_FALSE(far.write(*first, "x", Http2Ends::no));
  CHECK(near.unsent(*second) == 0);
}

TEST_CASE("an orderly end: what was asked is answered, and nothing new is asked") {
  Http2Session near = client(), far = server();
  talk(near, far);
  const auto id = near.request(kGet, Http2Ends::yes);
  REQUIRE(id);
  talk(near, far);
  far.go_away();
  talk(near, far);
  CHECK_FALSE(near.is_alive());
  CHECK_FALSE(near.takes_requests());
  CHECK_FALSE(near.request(kGet, Http2Ends::yes));
  CHECK_FALSE(far.is_over());
  REQUIRE(far.answer(*id, fields({{":status", "204"}}), Http2Ends::yes));
  talk(near, far);
  CHECK(near.find(*id)->heads.size() == 1);
  CHECK(far.is_over());
  CHECK_FALSE(far.failure());
}

TEST_CASE("requests beyond what the server has not processed are told apart") {
  Http2Session near = client();
  REQUIRE(near.push(frame(kSettings, 0, 0), kNow));
  const auto first = near.request(kGet, Http2Ends::yes),
             second = near.request(kGet, Http2Ends::yes);
  (void)pull_all(near);
  REQUIRE(near.push(frame(kGoAway, 0, 0, number(static_cast<std::uint32_t>(*first)) + number(0)),
                    kNow));
  (void)pull_all(near);
  CHECK(near.find(*first)->state == Http2Stream::State::open);
  CHECK(near.find(*second)->reset == Http2Code::refused_stream);
}

TEST_CASE(
    "a client takes no promises, no flood of interim heads, and no more streams than allowed") {
  Http2Session near = client();
  REQUIRE(near.push(frame(kSettings, 0, 0, number(3, 2) + number(2)), kNow));
  const auto id = near.request(kGet, Http2Ends::yes);
  (void)pull_all(near);
  SECTION("promises") {
    (void)near.push(frame(kSettings, kAck, 0), kNow);
    (void)near.push(frame(kPush, kEndHead, 1, number(2) + get_head()), kNow);
    CHECK(farewell_in(pull_all(near)) == 1);
    CHECK(near.failure());
  }
  SECTION("interim heads") {
    for (int i = 0; i < 20; ++i)
      REQUIRE(near.push(frame(kHeaders, kEndHead, 1, hpack({{":status", "103"}})), kNow));
    CHECK(frames_in(pull_all(near), kReset) >= 1);
    CHECK(near.find(*id)->reset == Http2Code::enhance_your_calm);
    CHECK(near.find(*id)->heads.size() <= kMaxHeadsWaiting + 1);
  }
  SECTION("streams") {
    CHECK(near.takes_requests());
    CHECK(near.request(kGet, Http2Ends::yes));
    CHECK_FALSE(near.takes_requests());
    CHECK(near.is_alive());
    CHECK_FALSE(near.request(kGet, Http2Ends::yes));
  }
  SECTION("an answer without a status") {
    REQUIRE(near.push(frame(kHeaders, kEndHead, 1, hpack({{"x", "y"}})), kNow));
    (void)pull_all(near);
    CHECK(near.find(*id)->reset == Http2Code::protocol_error);
    CHECK(near.find(*id)->heads.empty());
  }
}

TEST_CASE("a credential is in no table") {
  const std::string secret = "Bearer 0123456789";
  const auto size_of_second = [&](Http2Field::Indexed indexed) {
    Http2Session near = client();
    std::size_t size = 0;
    for (int i = 0; i < 2; ++i) {
      auto head = kGet;
      head.push_back({"x-key", secret, indexed});
      REQUIRE(near.request(head, Http2Ends::yes));
      size = pull_all(near).size();
    }
    return size;
  };
  CHECK(size_of_second(Http2Field::Indexed::never) >
        size_of_second(Http2Field::Indexed::may_be) + 10);
}

}  // namespace
}  // namespace glovebox::net
