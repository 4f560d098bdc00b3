#include "egress/http_admission.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "egress/http_answer.h"
#include "egress/request_head.h"
#include "egress/request_target.h"
#include "net/http_reader.h"
#include "policy/request_path.h"

namespace glovebox::egress {
namespace {

HttpOrigin plain_origin(std::string_view host = "a.test", std::uint16_t port = 80) {
  return {*codec::parse_host(host), port, policy::Tls::no};
}

// What comes out of a head: the status of its refusal, or the head that would be sent.
std::string outcome(std::string_view head, const HttpOrigin& origin,
                    MethodRules methods = MethodRules::exist) {
  const auto request = admit_request(head, origin, methods);
  if (!request) {
    CHECK_FALSE(request.error().words.empty());
    return std::to_string(request.error().status);
  }
  const auto sent = format_request_head(*request, origin, nullptr);
  REQUIRE(sent);
  return std::string(sent->bytes());
}

// A request with the usual start, and these fields behind.
std::string get(std::string_view fields, std::string_view target = "/") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields);
}
std::string post(std::string_view fields) {
  return "POST / HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields);
}

TEST_CASE("heads that are refused") {
  struct Row {
    const char* name;
    std::string head;
    const char* status;
  };
  std::string many;
  for (int i = 0; i < 64; ++i) many += "a: b\r\n";
  const std::string zero(1, '\0');
  const Row rows[] = {
      {"empty", "", "400"},
      {"one word", "GET\r\n", "400"},
      {"two words", "GET /\r\n", "400"},
      {"two blanks", "GET  / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"tab for a blank", "GET\t/\tHTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"a blank in front", " GET / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a.test\r\n", "505"},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a.test\r\n", "505"},
      {"lower case version", "GET / http/1.1\r\nHost: a.test\r\n", "400"},
      {"no end of the first line", "GET / HTTP/1.1", "400"},
      // F22
      {"F22 user name", get("", "http://u@a.test/"), "400"},
      {"F22 user name and password", get("", "http://u:p@a.test/"), "400"},
      {"F22 user name in Host", "GET / HTTP/1.1\r\nHost: u@a.test\r\n", "400"},
      {"F22 backslash", get("", "/a\\b"), "400"},
      {"F22 backslash in the authority", get("", "http://a.test\\@b.test/"), "400"},
      {"F22 backslash in the query", get("", "/?a\\b"), "400"},
      {"F22 fragment", get("", "/a#b"), "400"},
      {"F22 fragment after the authority", get("", "http://a.test#@b.test/"), "400"},
      {"F22 two slashes", get("", "//b.test/"), "400"},
      {"F22 two slashes behind the authority", get("", "http://a.test//b"), "400"},
      {"F22 no scheme", get("", "a.test/"), "400"},
      {"F22 semicolon in the authority", get("", "http://a.test;x/"), "400"},
      {"F22 semicolon in Host", "GET / HTTP/1.1\r\nHost: a.test;x\r\n", "400"},
      {"F22 slash in Host", "GET / HTTP/1.1\r\nHost: a.test/\r\n", "400"},
      {"F23 port with a sign", "GET / HTTP/1.1\r\nHost: a.test:+80\r\n", "400"},
      {"F23 port with a zero", "GET / HTTP/1.1\r\nHost: a.test:080\r\n", "400"},
      {"F23 empty port", "GET / HTTP/1.1\r\nHost: a.test:\r\n", "400"},
      {"F23 other port", "GET / HTTP/1.1\r\nHost: a.test:81\r\n", "421"},
      // F28
      {"F28 another host", "GET / HTTP/1.1\r\nHost: b.test\r\n", "421"},
      {"F28 another host in the target", get("", "http://b.test/"), "400"},
      {"F28 another host in Host only", "GET http://a.test/ HTTP/1.1\r\nHost: b.test\r\n", "421"},
      {"F28 a name below", "GET / HTTP/1.1\r\nHost: x.a.test\r\n", "421"},
      {"F28 trailing dot", "GET / HTTP/1.1\r\nHost: a.test.\r\n", "400"},
      {"F28 an address", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", "421"},
      {"F28 no host", "GET / HTTP/1.1\r\n", "400"},
      {"F28 no host in HTTP/1.0", "GET / HTTP/1.0\r\n", "400"},
      {"F28 empty host", "GET / HTTP/1.1\r\nHost:\r\n", "400"},
      {"F28 two hosts", get("Host: a.test\r\n"), "400"},
      {"F28 two hosts in one", "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n", "400"},
      {"F28 another scheme", get("", "https://a.test/"), "400"},
      // F31
      {"F31 length and chunked", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
       "400"},
      {"F31 chunked and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
       "400"},
      {"F31 identity behind chunked", post("Transfer-Encoding: chunked, identity\r\n"), "400"},
      {"F31 identity before chunked", post("Transfer-Encoding: identity, chunked\r\n"), "400"},
      {"F31 gzip and chunked", post("Transfer-Encoding: gzip, chunked\r\n"), "400"},
      {"F31 xchunked", post("Transfer-Encoding: xchunked\r\n"), "400"},
      {"F31 chunked with a parameter", post("Transfer-Encoding: chunked;x\r\n"), "400"},
      {"F31 quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n"), "400"},
      {"F31 chunked with \\x0b",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       "400"},
      {"F31 empty coding", post("Transfer-Encoding:\r\n"), "400"},
      {"F31 coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       "400"},
      {"F31 coding twice, other first",
       post("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"), "400"},
      {"F31 coding in HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n", "400"},
      {"F31 blank before the colon", post("Transfer-Encoding : chunked\r\n"), "400"},
      {"F31 underscore for a hyphen", post("Transfer_Encoding: chunked\r\n"), "400"},
      {"F31 underscore in the length", post("content_length: 5\r\nContent-Length: 3\r\n"), "400"},
      {"F31 length twice", post("Content-Length: 3\r\nContent-Length: 4\r\n"), "400"},
      {"F31 the same length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n"), "400"},
      {"F31 length with a sign", post("Content-Length: +5\r\n"), "400"},
      {"F31 negative length", post("Content-Length: -5\r\n"), "400"},
      {"F31 a list of lengths", post("Content-Length: 5,5\r\n"), "400"},
      {"F31 hexadecimal length", post("Content-Length: 0x5\r\n"), "400"},
      {"F31 length with a blank", post("Content-Length: 5 5\r\n"), "400"},
      {"F31 length with a point", post("Content-Length: 5.0\r\n"), "400"},
      {"F31 length beyond 64 bits", post("Content-Length: 18446744073709551621\r\n"), "400"},
      {"F31 empty length", post("Content-Length:\r\n"), "400"},
      {"F31 length on GET", get("Content-Length: 5\r\n"), "400"},
      {"F31 chunks on GET", get("Transfer-Encoding: chunked\r\n"), "400"},
      {"F31 length on HEAD", "HEAD / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n", "400"},
      // F32; lone CR, LF and NUL do not get this far over a connection (http_relay_test.cc)
      {"F32 bare LF", "GET / HTTP/1.1\nHost: a.test\n", "400"},
      {"F32 bare LF between fields", get("a: b\nc: d\r\n"), "400"},
      {"F32 bare CR in a value", get("a: b\rc\r\n"), "400"},
      {"F32 folded line", get("a: b\r\n c\r\n"), "400"},
      {"F32 folded line with a tab", get("a: b\r\n\tc\r\n"), "400"},
      {"F32 folded first field", "GET / HTTP/1.1\r\n Host: a.test\r\n", "400"},
      {"F32 blank before the colon", get("a : b\r\n"), "400"},
      {"F32 zero byte in a value", get("a: b" + zero + "\r\n"), "400"},
      {"F32 zero byte in a name", get("a" + zero + ": b\r\n"), "400"},
      {"F32 vertical tab",
       get("a: \x0b"
           "b\r\n"),
       "400"},
      {"F32 DEL", get("a: \x7f\r\n"), "400"},
      {"F32 a name with a bracket", get("a(: b\r\n"), "400"},
      {"F32 a name with a blank", get("a b: c\r\n"), "400"},
      {"F32 an empty name", get(": b\r\n"), "400"},
      {"F32 no colon", get("ab\r\n"), "400"},
      {"F32 a name with a high byte", get("\xc3\xa4: b\r\n"), "400"},
      // F35
      {"F35 Connection names a credential", get("Connection: Authorization\r\n"), "400"},
      {"F35 Connection names it behind close", get("Connection: close, authorization\r\n"), "400"},
      {"F35 Connection names it in a second field",
       get("Connection: close\r\nConnection: X-Forwarded-For\r\n"), "400"},
      {"F35 Connection names Host", get("Connection: Host\r\n"), "400"},
      {"F35 Connection names the length", post("Connection: Content-Length\r\n"), "400"},
      {"F35 Connection with what is no name", get("Connection: a b\r\n"), "400"},
      // F37
      {"F37 TRACE", "TRACE / HTTP/1.1\r\nHost: a.test\r\n", "405"},
      {"F37 TRACK", "TRACK / HTTP/1.1\r\nHost: a.test\r\n", "405"},
      {"F37 trace", "trace / HTTP/1.1\r\nHost: a.test\r\n", "405"},
      {"F37 CONNECT", "CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n", "405"},
      {"F37 CONNECT to a path", "CONNECT / HTTP/1.1\r\nHost: a.test\r\n", "405"},
      {"F37 preface of HTTP/2", "PRI * HTTP/2.0\r\n", "405"},
      {"F37 asterisk", "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n", "400"},
      // F38
      {"F38 lower case", "get / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"F38 mixed case", "GeT / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"F38 long method", std::string(8192, 'G') + " / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"F38 no token", "GE(T / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      {"F38 empty method", " / HTTP/1.1\r\nHost: a.test\r\n", "400"},
      // F41
      {"F41 many fields", get(many), "431"},
      {"F41 long name", get(std::string(300, 'n') + ": b\r\n"), "400"},
      {"F41 long target", get("", "/" + std::string(policy::kMaxRequestTarget, 'x')), "414"},
      // paths with two readings
      {"dot segment", get("", "/a/../b"), "400"},
      {"dot segment at the end", get("", "/a/.."), "400"},
      {"one dot", get("", "/./a"), "400"},
      {"dot segment before the query", get("", "/..?x"), "400"},
      {"encoded dot segment", get("", "/a/%2e%2e/b"), "400"},
      {"half encoded dot segment", get("", "/a/.%2E/b"), "400"},
      {"encoded dot", get("", "/a%2eb"), "400"},
      {"dot segment with a parameter", get("", "/a/..;/b"), "400"},
      {"dot segment with a named parameter", get("", "/a/..;x=1/b"), "400"},
      {"dot segment with an encoded parameter", get("", "/a/..%3bx/b"), "400"},
      {"dot segment behind an encoded slash", get("", "/a%2f..%2fb"), "400"},
      {"encoded slash at the front", get("", "/%2Fb.test/"), "400"},
      {"encoded backslash", get("", "/a%5Cb"), "400"},
      {"encoded zero byte", get("", "/a%00"), "400"},
      {"encoded line end", get("", "/a%0d%0aX: y"), "400"},
      {"broken escape", get("", "/a%2"), "400"},
      {"no escape", get("", "/a%zz"), "400"},
      {"a blank in the target", get("", "/a b"), "400"},
      {"a control in the target", get("", "/a\x01"), "400"},
      {"a high byte in the target", get("", "/\xc3\xa4"), "400"},
      {"dot segment of an absolute form", get("", "http://a.test/a/../b"), "400"},
      // the rest
      {"another expectation", post("Expect: 200-ok\r\nContent-Length: 1\r\n"), "417"},
      {"two expectations",
       post("Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 1\r\n"), "417"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(outcome(row.head, plain_origin()) == row.status);
  }
}

TEST_CASE("heads that are written anew") {
  struct Row {
    const char* name;
    std::string head, sent;
  };
  const std::string line = "GET / HTTP/1.1\r\nhost: a.test\r\n";
  const std::string post_line = "POST / HTTP/1.1\r\nhost: a.test\r\n";
  const Row rows[] = {
      {"plain", get(""), line + "\r\n"},
      {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a.test\r\n", line + "\r\n"},
      {"host in capitals, with the port", "GET / HTTP/1.1\r\nHOST: A.Test:80\r\n", line + "\r\n"},
      {"host after other fields", "GET / HTTP/1.1\r\nA: b\r\nHost: a.test\r\n",
       line + "A: b\r\n\r\n"},
      {"absolute form", get("", "http://a.test/x?y"), "GET /x?y HTTP/1.1\r\nhost: a.test\r\n\r\n"},
      {"absolute form in capitals, with the port", get("", "HTTP://A.TEST:80/"), line + "\r\n"},
      {"absolute form without a path", get("", "http://a.test"), line + "\r\n"},
      {"absolute form with a query only", get("", "http://a.test?q"),
       "GET /?q HTTP/1.1\r\nhost: a.test\r\n\r\n"},
      {"path and query as they are", get("", "/a//b;x=1/%41%20?q=../%2f%"),
       "GET /a//b;x=1/%41%20?q=../%2f% HTTP/1.1\r\nhost: a.test\r\n\r\n"},
      {"encoded slash", get("", "/@scope%2Fname"),
       "GET /@scope%2Fname HTTP/1.1\r\nhost: a.test\r\n\r\n"},
      {"dots that are no segment", get("", "/.../..a/a..?.."),
       "GET /.../..a/a..?.. HTTP/1.1\r\nhost: a.test\r\n\r\n"},
      {"white space around values", get("a:b\r\nc: \t d e \t\r\nf:\r\n"),
       line + "a: b\r\nc: d e\r\nf: \r\n\r\n"},
      {"length", post("Content-Length: 005\r\n"), post_line + "content-length: 5\r\n\r\n"},
      {"no length", post(""), post_line + "\r\n"},
      {"length zero", post("Content-Length: 0\r\n"), post_line + "content-length: 0\r\n\r\n"},
      {"length zero on GET", get("Content-Length: 0\r\n"), line + "\r\n"},
      {"chunked", post("transfer-encoding: CHUNKED\r\n"),
       post_line + "transfer-encoding: chunked\r\n\r\n"},
      {"expectation", post("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
       post_line + "expect: 100-continue\r\ncontent-length: 1\r\n\r\n"},
      {"expectation without a body", post("Expect: 100-continue\r\n"), post_line + "\r\n"},
      {"F35 h2c",
       get("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings\r\n"),
       line + "\r\n"},
      {"F35 WebSocket",
       get("Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: k\r\n"),
       line + "Sec-WebSocket-Key: k\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n"},
      {"F35 WebSocket and h2c", get("Upgrade: websocket, h2c\r\nConnection: Upgrade\r\n"),
       line + "\r\n"},
      {"F35 WebSocket without Connection", get("Upgrade: websocket\r\n"), line + "\r\n"},
      {"F35 WebSocket over POST", post("Upgrade: websocket\r\nConnection: upgrade\r\n"),
       post_line + "\r\n"},
      {"F35 what is hop by hop",
       get("Connection: close, TE\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: x\r\n"
           "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nA: b\r\n"),
       line + "A: b\r\n\r\n"},
      {"F38 method overrides",
       post("X-HTTP-Method-Override: DELETE\r\nX-Http-Method: PUT\r\nX-Method-Override: PUT\r\n"
            "X_HTTP_Method_Override: PUT\r\n_method: PUT\r\nX-Original-URL: /b\r\n"
            "X-Rewrite-Url: /b\r\n"),
       post_line + "\r\n"},
      {"F38 a method of its own", "M-SEARCH / HTTP/1.1\r\nHost: a.test\r\n",
       "M-SEARCH / HTTP/1.1\r\nhost: a.test\r\n\r\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(outcome(row.head, plain_origin()) == row.sent);
  }
}

TEST_CASE("the authority of other origins") {
  struct Row {
    const char* host;
    HttpOrigin origin;
    const char* outcome;
  };
  const HttpOrigin tls{*codec::parse_host("a.test"), 443, policy::Tls::yes};
  const HttpOrigin high{*codec::parse_host("a.test"), 8080, policy::Tls::no};
  const HttpOrigin v6{*codec::parse_host("[fd00::1]"), 8080, policy::Tls::no};
  const Row rows[] = {
      {"a.test", tls, "a.test"},
      {"a.test:443", tls, "a.test"},
      {"a.test:80", tls, "421"},
      {"a.test", high, "a.test:8080"},
      {"a.test:8080", high, "a.test:8080"},
      {"[fd00::1]", v6, "[fd00::1]:8080"},
      {"[FD00:0::1]:8080", v6, "[fd00::1]:8080"},
      {"fd00::1", v6, "400"},
      {"[fd00::2]", v6, "421"},
      {"[fd00::1%25lo]", v6, "400"},
      {"127.1", plain_origin("127.0.0.1"), "400"},
      {"0x7f.0.0.1", plain_origin("127.0.0.1"), "400"},
      {"127.0.0.1", plain_origin("127.0.0.1"), "127.0.0.1"},
  };
  for (const Row& row : rows) {
    INFO(row.host);
    const std::string got =
        outcome("GET / HTTP/1.1\r\nHost: " + std::string(row.host) + "\r\n", row.origin);
    if (std::string_view(row.outcome).size() == 3)
      CHECK(got == row.outcome);
    else
      CHECK(got == "GET / HTTP/1.1\r\nhost: " + std::string(row.outcome) + "\r\n\r\n");
  }
}

TEST_CASE("method overrides stay where no rule tells methods apart") {
  CHECK(outcome(post("X-HTTP-Method-Override: PUT\r\n"), plain_origin(), MethodRules::none) ==
        "POST / HTTP/1.1\r\nhost: a.test\r\nX-HTTP-Method-Override: PUT\r\n\r\n");
}

TEST_CASE("what a request says about itself") {
  const auto request =
      admit_request("HEAD /a/b?c=/d HTTP/1.1\r\nHost: a.test\r\nConnection: Close\r\n",
                    plain_origin(), MethodRules::exist);
  REQUIRE(request);
  CHECK(request->path() == "/a/b");
  CHECK(request->asked() == net::Asked::for_head);
  CHECK(request->keep == Keep::no);
  CHECK_FALSE(request->has_body());
  CHECK(request->is_idempotent());
  CHECK(method_of("GET / HTTP/9\r\n") == "GET");
  CHECK(method_of("GET") == "");
  CHECK(method_of("G\x01T / HTTP/1.1\r\n") == "");
}

Injection injection_of(std::string_view placeholder = "GB-PLACEHOLDER") {
  return {"token", Secret::take(std::string("s3cret-value")), std::string(placeholder)};
}

std::string injected(std::string_view head, const Injection& injection) {
  const auto request = admit_request(head, plain_origin(), MethodRules::exist);
  REQUIRE(request);
  const auto sent = format_request_head(*request, plain_origin(), &injection);
  if (!sent) return std::to_string(sent.error().status);
  return std::string(sent->bytes());
}

TEST_CASE("where a credential is put") {
  struct Row {
    const char* name;
    std::string head, sent;
  };
  const std::string line = "GET / HTTP/1.1\r\nhost: a.test\r\n";
  const std::string end = "accept-encoding: identity\r\nauthorization: Bearer s3cret-value\r\n\r\n";
  const Row rows[] = {
      {"nothing of the client's", get(""), line + end},
      {"in place of the client's", get("Authorization: Bearer x\r\nA: b\r\n"),
       line + "A: b\r\n" + end},
      {"in place of several", get("authorization: a\r\nAUTHORIZATION: b\r\n"), line + end},
      {"in place of what a server may take for it", get("X_Key: b\r\nAuThOrIzAtIoN: x\r\n"),
       line + "X_Key: b\r\n" + end},
      {"for the placeholder", get("X-Api-Key: GB-PLACEHOLDER\r\n"),
       line + "X-Api-Key: s3cret-value\r\n" + end},
      {"for every placeholder", get("A: <GB-PLACEHOLDER>, GB-PLACEHOLDER\r\n"),
       line + "A: <s3cret-value>, s3cret-value\r\n" + end},
      {"F49 not in the name of a header", get("GB-PLACEHOLDER: x\r\n"),
       line + "GB-PLACEHOLDER: x\r\n" + end},
      {"F49 not in path and query", get("", "/GB-PLACEHOLDER?k=GB-PLACEHOLDER"),
       "GET /GB-PLACEHOLDER?k=GB-PLACEHOLDER HTTP/1.1\r\nhost: a.test\r\n" + end},
      {"F50 nothing that hides the answer",
       get("Accept-Encoding: gzip\r\nRange: bytes=0-1\r\nIf-Range: x\r\n"
           "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
       line + end},
  };
  const Injection injection = injection_of();
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(injected(row.head, injection) == row.sent);
  }
}

TEST_CASE("F49 a placeholder without an injection stays") {
  CHECK(outcome(get("Authorization: Bearer GB-PLACEHOLDER\r\n"), plain_origin()) ==
        "GET / HTTP/1.1\r\nhost: a.test\r\nAuthorization: Bearer GB-PLACEHOLDER\r\n\r\n");
}

TEST_CASE("F49 a misplaced placeholder is noticed") {
  const Injection injection = injection_of();
  for (const auto& [target, where] :
       {std::pair{"/?k=GB-PLACEHOLDER", Misplaced::in_target},
        std::pair{"/GB-PLACEHOLDER", Misplaced::in_target}, std::pair{"/other", Misplaced::no}}) {
    const auto request = admit_request(get("", target), plain_origin(), MethodRules::exist);
    REQUIRE(request);
    CHECK(find_misplaced(*request, &injection) == where);
    CHECK(find_misplaced(*request, nullptr) == Misplaced::no);
  }
}

TEST_CASE("a header and a prefix of the secret's own") {
  Injection injection = injection_of("");
  injection.header = "X-Token";
  injection.prefix = "";
  CHECK(injected(get("x-token: mine\r\nX_TOKEN: mine\r\nAuthorization: stays\r\n"), injection) ==
        "GET / HTTP/1.1\r\nhost: a.test\r\nAuthorization: stays\r\naccept-encoding: identity\r\n"
        "X-Token: s3cret-value\r\n\r\n");
}

TEST_CASE("a credential that cannot be sent") {
  for (const std::string_view secret : {"", "a\r\nb: c", "a\nb", " a"}) {
    Injection injection = injection_of();
    injection.secret = Secret::take(std::string(secret));
    CHECK(injected(get(""), injection) == "502");
  }
  Injection injection = injection_of();
  injection.header = "a\r\nb";
  CHECK(injected(get(""), injection) == "502");
  injection.header = "a";
  injection.prefix = "x\r\ny";
  CHECK(injected(get(""), injection) == "502");
}

TEST_CASE("a head that placeholders make too long") {
  Injection injection = injection_of("P");
  injection.secret = Secret::take(std::string(1000, 's'));
  CHECK(injected(get("a: " + std::string(1000, 'P') + "\r\n"), injection) == "431");
}

std::string answered(std::string_view head, std::string_view request_head,
                     const Injection* injection = nullptr) {
  const auto request = admit_request(request_head, plain_origin(), MethodRules::exist);
  REQUIRE(request);
  const auto answer = admit_answer(head, *request, injection);
  if (!answer) {
    CHECK_FALSE(answer.error().words.empty());
    return std::to_string(answer.error().status);
  }
  return format_answer_head(*answer, carriage_of(*answer, *request), Keep::yes);
}

TEST_CASE("answers that are refused") {
  struct Row {
    const char* name;
    std::string head;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  std::string many;
  for (int i = 0; i < 129; ++i) many += "a: b\r\n";
  const Row rows[] = {
      {"empty", ""},
      {"not HTTP", "SSH-2.0-OpenSSH\r\n"},
      {"HTTP/2", "HTTP/2 200\r\n"},
      {"status 99", "HTTP/1.1 099 X\r\n"},
      {"status 600", "HTTP/1.1 600 X\r\n"},
      {"F31 length and chunked", ok + "content-length: 1\r\ntransfer-encoding: chunked\r\n"},
      {"F31 length twice", ok + "content-length: 1\r\ncontent-length: 2\r\n"},
      {"F31 gzip", ok + "transfer-encoding: gzip\r\n"},
      {"F32 folded", ok + "a: b\r\n c\r\n"},
      {"F32 bare LF", ok + "a: b\nc: d\r\n"},
      {"F35 an upgrade that nobody asked for",
       "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n"},
      {"F44 too many fields", ok + many},
      {"F44 line end in a cookie", ok + "set-cookie: a=b\rset-cookie: c\r\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(answered(row.head, get("")) == "502");
  }
}

TEST_CASE("F35 only the upgrade that was asked for") {
  const std::string asked = get("Upgrade: websocket\r\nConnection: Upgrade\r\n");
  CHECK(answered("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n", asked) == "502");
  CHECK(answered("HTTP/1.1 101 X\r\nConnection: Upgrade\r\n", asked) == "502");
  CHECK(
      answered("HTTP/1.1 101 X\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nA: b\r\n", asked) ==
      "HTTP/1.1 101 Switching Protocols\r\nA: b\r\nconnection: Upgrade\r\nupgrade: "
      "websocket\r\n\r\n");
}

TEST_CASE("answers that are written anew") {
  struct Row {
    const char* name;
    std::string request, head, sent;
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string head = "HEAD / HTTP/1.1\r\nHost: a.test\r\n";
  const std::string old = "GET / HTTP/1.0\r\nHost: a.test\r\n";
  const Row rows[] = {
      {"length", get(""), "HTTP/1.1 200 all is well\r\nContent-Length: 03\r\nA: b\r\n",
       ok + "A: b\r\ncontent-length: 3\r\n\r\n"},
      {"chunks", get(""), ok + "Transfer-Encoding: chunked\r\n",
       ok + "transfer-encoding: chunked\r\n\r\n"},
      {"until the end", get(""), "HTTP/1.0 200 OK\r\n", ok + "transfer-encoding: chunked\r\n\r\n"},
      {"chunks to HTTP/1.0", old, ok + "Transfer-Encoding: chunked\r\n", ok + "\r\n"},
      {"HEAD", head, ok + "Content-Length: 9\r\n", ok + "content-length: 9\r\n\r\n"},
      {"HEAD of chunks", head, ok + "Transfer-Encoding: chunked\r\n", ok + "\r\n"},
      {"204", get(""), "HTTP/1.1 204 X\r\nContent-Length: 0\r\n",
       "HTTP/1.1 204 No Content\r\n\r\n"},
      {"304", get(""), "HTTP/1.1 304 X\r\nContent-Length: 7\r\n",
       "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n"},
      {"F40 a redirect is the client's business", get(""),
       "HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n",
       "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"},
      {"what is hop by hop", get(""),
       ok + "Connection: keep-alive, x\r\nKeep-Alive: 5\r\nTrailer: x\r\nUpgrade: h2c\r\n"
            "Proxy-Connection: close\r\nX: y\r\nContent-Length: 0\r\n",
       ok + "X: y\r\ncontent-length: 0\r\n\r\n"},
      {"a status without a name", get(""), "HTTP/1.1 299 whatever\r\nContent-Length: 0\r\n",
       "HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    CHECK(answered(row.head, row.request) == row.sent);
  }
}

TEST_CASE("F50 the secret in the head of an answer") {
  const Injection injection = injection_of();
  CHECK(answered("HTTP/1.1 200 s3cret-value\r\nA: x s3cret-value y\r\nX-S3CRET-VALUE-Z: b\r\n"
                 "Content-Length: 0\r\n",
                 get(""), &injection) ==
        "HTTP/1.1 200 OK\r\nA: x ************ y\r\ncontent-length: 0\r\n\r\n");
  CHECK(answered("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n", get(""),
                 &injection) == "502");
  CHECK(answered("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n", get("")) ==
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\ncontent-length: 5\r\n\r\n");
}

TEST_CASE("our own answers") {
  CHECK(format_refusal(403, "no\n", net::Asked::for_body, Keep::yes) ==
        "HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nno\n");
  CHECK(format_refusal(421, "no\n", net::Asked::for_head, Keep::no) ==
        "HTTP/1.1 421 Misdirected Request\r\ncontent-type: text/plain\r\ncontent-length: "
        "3\r\nconnection: close\r\n\r\n");
}

}  // namespace
}  // namespace glovebox::egress
