#include "egress/http2_admission.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "egress/http2_answer.h"
#include "egress/request_head.h"

namespace glovebox::egress {
namespace {

using net::Fields;
using net::Http2Ends;

const HttpOrigin kOrigin{*codec::parse_host("a.test"), 443, policy::Tls::yes};

Fields head_of(std::string_view method, const Fields& more = {}, std::string_view path = "/a?q=1",
               std::string_view authority = "a.test", std::string_view scheme = "https") {
  Fields out{{":method", std::string(method)},
             {":scheme", std::string(scheme)},
             {":authority", std::string(authority)},
             {":path", std::string(path)}};
  for (const auto& [name, value] : more) out.add(name, value);
  return out;
}

TEST_CASE("heads of HTTP/2 that are refused") {
  struct Row {
    const char* name;
    Fields head;
    int status;
    Http2Ends ends = Http2Ends::yes;
  };
  Fields many = head_of("GET");
  for (int i = 0; i < 65; ++i) many.add("x", "y");
  const std::string zero("a\0b", 3);
  const Row rows[] = {
      {"no method", {{":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}}, 400},
      {"no scheme", {{":method", "GET"}, {":authority", "a.test"}, {":path", "/"}}, 400},
      {"no authority", {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}}, 400},
      {"host in place of the authority",
       {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a.test"}},
       400},
      {"no path", {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}}, 400},
      {"an unknown pseudo field", head_of("GET", {{":protocol", "websocket"}}), 400},
      {"a pseudo field twice", head_of("GET", {{":path", "/b"}}), 400},
      {"a pseudo field behind others", head_of("GET", {{"x", "y"}, {":x", "y"}}), 400},
      {"a status", head_of("GET", {{":status", "200"}}), 400},
      {"another scheme", head_of("GET", {}, "/", "a.test", "http"), 400},
      {"F28 another authority", head_of("GET", {}, "/", "b.test"), 421},
      {"F28 another host", head_of("GET", {{"host", "b.test"}}), 421},
      {"F28 two hosts", head_of("GET", {{"host", "a.test"}, {"host", "a.test"}}), 400},
      {"another port", head_of("GET", {}, "/", "a.test:8443"), 421},
      {"a user in the authority", head_of("GET", {}, "/", "user@a.test"), 400},
      {"an empty authority", head_of("GET", {}, "/", ""), 400},
      {"F37 CONNECT", head_of("CONNECT"), 405},
      {"F37 TRACE", head_of("TRACE"), 405},
      {"F37 PRI", head_of("PRI"), 405},
      {"F38 small letters", head_of("get"), 400},
      {"a method with a blank", head_of("GET /x"), 400},
      {"the whole server", head_of("OPTIONS", {}, "*"), 400},
      {"a URL for a path", head_of("GET", {}, "https://a.test/"), 400},
      {"an empty path", head_of("GET", {}, ""), 400},
      {"a path that climbs", head_of("GET", {}, "/a/../b"), 400},
      {"an encoded way up", head_of("GET", {}, "/a%2f..%2fb"), 400},
      {"a blank in a path", head_of("GET", {}, "/a b"), 400},
      {"a line end in a path", head_of("GET", {}, "/a\r\nx: y"), 400},
      {"F41 a long path", head_of("GET", {}, "/" + std::string(9000, 'x')), 414},
      {"F41 many fields", many, 431},
      {"capitals", head_of("GET", {{"X-Y", "z"}}), 400},
      {"F32 a line end in a value", head_of("GET", {{"x", "a\r\nb: c"}}), 400},
      {"F32 LF in a value", head_of("GET", {{"x", "a\nb"}}), 400},
      {"F32 a zero byte in a value", head_of("GET", {{"x", zero}}), 400},
      {"F32 a colon in a name", head_of("GET", {{"x:y", "z"}}), 400},
      {"F32 a blank in a name", head_of("GET", {{"x y", "z"}}), 400},
      {"no name", head_of("GET", {{"", "z"}}), 400},
      {"F35 connection", head_of("GET", {{"connection", "authorization"}}), 400},
      {"F35 keep-alive", head_of("GET", {{"keep-alive", "timeout=5"}}), 400},
      {"F35 upgrade", head_of("GET", {{"upgrade", "websocket"}}), 400},
      {"F35 proxy-connection", head_of("GET", {{"proxy-connection", "close"}}), 400},
      {"F31 transfer-encoding", head_of("POST", {{"transfer-encoding", "chunked"}}), 400,
       Http2Ends::no},
      {"F31 a field that looks like it", head_of("POST", {{"content_length", "5"}}), 400,
       Http2Ends::no},
      {"F31 two lengths", head_of("POST", {{"content-length", "5"}, {"content-length", "5"}}), 400,
       Http2Ends::no},
      {"F31 a length with a sign", head_of("POST", {{"content-length", "+5"}}), 400, Http2Ends::no},
      {"a body that does not come", head_of("POST", {{"content-length", "5"}}), 400},
      {"GET with a body", head_of("GET"), 400, Http2Ends::no},
      {"HEAD with a body", head_of("HEAD"), 400, Http2Ends::no},
      {"te", head_of("GET", {{"te", "gzip, trailers"}}), 400},
      {"an expectation that is not met", head_of("POST", {{"expect", "x"}}), 417, Http2Ends::no},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto request = admit_http2_request(row.head, row.ends, kOrigin, MethodRules::exist);
    REQUIRE_FALSE(request);
    CHECK(request.error().status == row.status);
    CHECK_FALSE(request.error().words.empty());
  }
}

TEST_CASE("heads of HTTP/2 become the same requests as heads of HTTP/1.1") {
  const auto request = admit_http2_request(head_of("POST", {{"cookie", "a=1"},
                                                            {"x", "y"},
                                                            {"cookie", "b=2"},
                                                            {"te", "trailers"},
                                                            {"host", "A.test:443"},
                                                            {"content-length", "5"},
                                                            {"x-http-method-override", "DELETE"},
                                                            {"priority", "u=1"}}),
                                           Http2Ends::no, kOrigin, MethodRules::exist);
  REQUIRE(request);
  const auto head = format_request_head(*request, kOrigin, nullptr);
  REQUIRE(head);
  CHECK(head->bytes() ==
        "POST /a?q=1 HTTP/1.1\r\nhost: a.test\r\nx: y\r\npriority: u=1\r\ncookie: a=1; b=2\r\n"
        "content-length: 5\r\n\r\n");
  CHECK(request->trailers == Trailers::taken);
  CHECK(request->path() == "/a");

  struct Row {
    const char* name;
    Fields head;
    Http2Ends ends;
    net::Framing::Kind kind;
  };
  using Kind = net::Framing::Kind;
  const Row rows[] = {
      {"no body", head_of("POST"), Http2Ends::yes, Kind::none},
      {"an empty body", head_of("POST", {{"content-length", "0"}}), Http2Ends::yes, Kind::length},
      {"a body of any length", head_of("PUT"), Http2Ends::no, Kind::chunked},
      {"a body of so many bytes", head_of("PUT", {{"content-length", "7"}}), Http2Ends::no,
       Kind::length},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto admitted = admit_http2_request(row.head, row.ends, kOrigin, MethodRules::none);
    REQUIRE(admitted);
    CHECK(admitted->framing.kind == row.kind);
    CHECK(admitted->trailers == Trailers::not_taken);
  }
}

std::string spelled(const std::vector<net::Http2Field>& fields) {
  std::string out;
  for (const net::Http2Field& field : fields)
    out += std::string(field.name) + "=" + std::string(field.value) +
           (field.indexed == net::Http2Field::Indexed::never ? " (never)\n" : "\n");
  return out;
}

TEST_CASE("the head for an origin that speaks HTTP/2, with a credential and without") {
  const auto request = admit_http2_request(head_of("POST", {{"authorization", "Bearer P"},
                                                            {"x-key", "P and P"},
                                                            {"accept-encoding", "gzip"},
                                                            {"range", "bytes=0-3"},
                                                            {"te", "trailers"}}),
                                           Http2Ends::no, kOrigin, MethodRules::none);
  REQUIRE(request);
  const auto plain = format_http2_head(*request, kOrigin, nullptr);
  REQUIRE(plain);
  CHECK(spelled(plain->fields()) ==
        ":method=POST\n:scheme=https\n:authority=a.test\n:path=/a?q=1\n"
        "authorization=Bearer P (never)\nx-key=P and P\naccept-encoding=gzip\nrange=bytes=0-3\n"
        "te=trailers\n");
  Injection injection{"k", Secret::take(std::string("s3cret")), "P"};
  injection.header = "Authorization";
  const auto given = format_http2_head(*request, kOrigin, &injection);
  REQUIRE(given);
  CHECK(spelled(given->fields()) ==
        ":method=POST\n:scheme=https\n:authority=a.test\n:path=/a?q=1\n"
        "x-key=s3cret and s3cret (never)\naccept-encoding=identity\n"
        "authorization=Bearer s3cret (never)\nte=trailers\n");
  injection.secret = Secret::take(std::string("a\r\nb: c"));
  CHECK(format_http2_head(*request, kOrigin, &injection).error().status == 502);
}

TEST_CASE("trailers that are passed on, and those that are not") {
  const Fields trailers{{"grpc-status", "0"},    {"x-sum", "P"},
                        {"content-length", "5"}, {"transfer-encoding", "chunked"},
                        {"host", "b.test"},      {"authorization", "Bearer x"},
                        {":path", "/"},          {"X-Big", "y"},
                        {"connection", "close"}, {"x-http-method", "DELETE"},
                        {"x-line", "a\r\nb"}};
  const Fields passed = admit_trailers(trailers, nullptr);
  REQUIRE(passed.size() == 2);
  CHECK(passed.find("grpc-status") == "0");
  CHECK(passed.find("x-sum") == "P");
  Injection injection{"k", Secret::take(std::string("s3cret")), "P"};
  injection.header = "x-sum";
  CHECK(admit_trailers(trailers, &injection).size() == 1);
  const Fields answer = admit_answer_trailers(
      {{"Grpc-Message", "s3cret"}, {"te", "x"}, {"content-length", "1"}, {"bad", "a\nb"}},
      &injection);
  REQUIRE(answer.size() == 1);
  CHECK(answer.find("grpc-message") == "******");
}

TEST_CASE("answers of HTTP/2 that are refused, and one that is not") {
  const auto request =
      admit_http2_request(head_of("GET"), Http2Ends::yes, kOrigin, MethodRules::none);
  REQUIRE(request);
  Injection injection{"k", Secret::take(std::string("s3cret")), "P"};
  struct Row {
    const char* name;
    Fields head;
    const Injection* injection = nullptr;
  };
  const Row rows[] = {
      {"no status", {{"x", "y"}}},
      {"two", {{":status", "200"}, {":status", "200"}}},
      {"no number", {{":status", "2x0"}}},
      {"600", {{":status", "600"}}},
      {"099", {{":status", "099"}}},
      {"a status behind others", {{"x", "y"}, {":status", "200"}}},
      {"another pseudo field", {{":status", "200"}, {":path", "/"}}},
      {"a line end", {{":status", "200"}, {"x", "a\r\nb: c"}}},
      {"a switch", {{":status", "101"}, {"upgrade", "websocket"}}},
      {"chunks", {{":status", "200"}, {"transfer-encoding", "chunked"}}},
      {"two lengths", {{":status", "200"}, {"content-length", "1"}, {"content-length", "2"}}},
      {"F50 encoded", {{":status", "200"}, {"content-encoding", "br"}}, &injection},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto answer = admit_http2_answer(row.head, *request, row.injection);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().status == 502);
  }
  const auto answer = admit_http2_answer({{":status", "200"},
                                          {"content-length", "7"},
                                          {"x-echo", "<s3cret>"},
                                          {"connection", "close"}},
                                         *request, &injection);
  REQUIRE(answer);
  CHECK(spelled(to_sent(to_http2_head(*answer))) ==
        ":status=200\nx-echo=<******>\ncontent-length=7\n");
}

}  // namespace
}  // namespace glovebox::egress
