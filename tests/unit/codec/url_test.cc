#include "codec/url.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("a URL that two readers could read differently is refused") {
  for (const std::string& text : {std::string(),
                                  std::string("example.com"),
                                  std::string("ftp://a"),
                                  std::string("https:/a"),
                                  std::string("https://"),
                                  std::string("https:///a"),
                                  std::string("https://user@a"),
                                  std::string("https://u:p@a"),
                                  std::string("https://a?x=1"),
                                  std::string("https://a/#f"),
                                  std::string("https://a\\b"),
                                  std::string("https://a b"),
                                  std::string("https://a\n"),
                                  std::string("https://a\0b", 11),
                                  std::string("https://\xc3\xbc.de"),
                                  std::string("https://a:"),
                                  std::string("https://a:0"),
                                  std::string("https://a:65536"),
                                  std::string("https://a:80:80"),
                                  std::string("https://127.1"),
                                  std::string("https://::1"),
                                  std::string("https://[::1"),
                                  std::string("https://[::1]x"),
                                  std::string("https://a//b"),
                                  std::string("https://a/../b"),
                                  std::string("https://a/%2e%2E/b"),
                                  std::string("https://a/./b"),
                                  std::string("https://a/%"),
                                  std::string("https://a/<"),
                                  "https://a/" + std::string(kMaxUrlBytes, 'x')}) {
    CAPTURE(text.substr(0, 60));
    CHECK_FALSE(BaseUrl::parse(text));
  }
}

TEST_CASE("a base URL has one form") {
  const struct {
    const char* text;
    const char* written;
    const char* authority;
    std::uint16_t port;
    const char* target;  // of /v1
  } rows[] = {
      {"https://API.example.com", "https://api.example.com", "api.example.com", 443, "/v1"},
      {"HTTPS://a/", "https://a", "a", 443, "/v1"},
      {"https://a:443/", "https://a", "a", 443, "/v1"},
      {"http://a:443", "http://a:443", "a:443", 443, "/v1"},
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080", 8080, "/v1"},
      {"http://[::1]:80/p/q/", "http://[::1]/p/q", "[::1]", 80, "/p/q/v1"},
      {"https://a/p%20q", "https://a/p%20q", "a", 443, "/p%20q/v1"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const BaseUrl url = BaseUrl::parse(row.text).value();
    CHECK(url.to_string() == row.written);
    CHECK(url.authority() == row.authority);
    CHECK(url.port() == row.port);
    CHECK(url.target("/v1") == row.target);
    CHECK(BaseUrl::parse(url.to_string()).value() == url);
  }
}
