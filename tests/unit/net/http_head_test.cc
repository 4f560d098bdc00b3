#include "net/http_head.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_reader.h"

namespace glovebox::net {
namespace {

TEST_CASE("fields") {
  Fields fields{{"A", "1"}, {"Connection", "keep-alive , Close"}, {"a", "2"}};
  CHECK(fields.find("a") == "1");
  CHECK(fields.count("a") == 2);
  CHECK_FALSE(fields.find("b"));
  CHECK(fields.lists("connection", "close"));
  CHECK_FALSE(fields.lists("connection", "clos"));
  fields.set("a", "3");
  CHECK(fields.count("A") == 1);
  CHECK(fields.find("A") == "3");
}

TEST_CASE("where a body ends") {
  struct Row {
    const char* name;
    std::string head;
    Asked asked;
    std::optional<Framing::Kind> kind;
    std::uint64_t length = 0;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const auto body = Asked::for_body;
  const Row rows[] = {
      {"both", ok + "content-length: 1\r\ntransfer-encoding: chunked\r\n", body, std::nullopt},
      {"twice", ok + "content-length: 1\r\ncontent-length: 1\r\n", body, std::nullopt},
      {"both, although there is no body",
       "HTTP/1.1 204 X\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n", body, std::nullopt},
      {"empty", ok + "content-length:\r\n", body, std::nullopt},
      {"hexadecimal", ok + "content-length: 0x1\r\n", body, std::nullopt},
      {"19 digits", ok + "content-length: 1000000000000000000\r\n", body, std::nullopt},
      {"chunked twice", ok + "transfer-encoding: chunked, chunked\r\n", body, std::nullopt},
      {"identity", ok + "transfer-encoding: identity\r\n", body, std::nullopt},
      {"length", ok + "content-length: 0017\r\n", body, Framing::Kind::length, 17},
      {"chunked", ok + "Transfer-Encoding: CHUNKED\r\n", body, Framing::Kind::chunked},
      {"neither", ok, body, Framing::Kind::until_end},
      {"HEAD", ok + "content-length: 17\r\n", Asked::for_head, Framing::Kind::none},
      {"304", "HTTP/1.1 304 X\r\ncontent-length: 17\r\n", body, Framing::Kind::none},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto head = parse_response_head(row.head, 10);
    REQUIRE(head);
    const auto framing = response_framing(*head, row.asked);
    REQUIRE(framing.has_value() == row.kind.has_value());
    if (!framing) continue;
    CHECK(framing->kind == *row.kind);
    CHECK(framing->length == row.length);
  }
}

TEST_CASE("connections that carry another message") {
  CHECK(keeps_alive(1, {}));
  CHECK(keeps_alive(1, {{"connection", "keep-alive"}}));
  CHECK_FALSE(keeps_alive(1, {{"Connection", "Keep-Alive, CLOSE"}}));
  CHECK_FALSE(keeps_alive(0, {{"connection", "keep-alive"}}));
}

TEST_CASE("a head that is written cannot become two") {
  for (const Fields& fields :
       {Fields{{"a", "b\r\nc: d"}}, Fields{{"a", "b\nc"}}, Fields{{"a:", "b"}}, Fields{{"", "b"}},
        Fields{{"a", " b"}}, Fields{{"a", std::string(1, '\0')}}})
    CHECK_FALSE(format_head("GET / HTTP/1.1", fields));
  CHECK(*format_head("GET / HTTP/1.1", {{"a", "b"}, {"c", ""}}) ==
        "GET / HTTP/1.1\r\na: b\r\nc: \r\n\r\n");
}

TEST_CASE("a reader takes one message and says where it ended") {
  const std::string first =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: x\r\n\r\n";
  const std::string both = first + "HTTP/1.1 500 X\r\n";
  for (std::size_t cut = 0; cut <= first.size(); ++cut) {
    ResponseReader reader({}, Asked::for_body);
    const auto one = reader.push(std::string_view(both).substr(0, cut));
    REQUIRE(one);
    CHECK(*one == cut);
    const auto two = reader.push(std::string_view(both).substr(cut));
    REQUIRE(two);
    CHECK(*one + *two == first.size());
    CHECK(reader.done());
    CHECK(reader.take_body() == "abc");
    CHECK(reader.keeps_alive());
  }
}

}  // namespace
}  // namespace glovebox::net
