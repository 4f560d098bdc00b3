#include "codec/host.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("what is neither a name nor an address is refused") {
  for (const char* text : {"", "127.1", "1.2.3.4.5", "[1.2.3.4]", "[::1", "::1]", "[a]", "[]",
                           "a:b", "::g", "a/b", "user@a", "0x7f.1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host(text));
  }
}

TEST_CASE("hosts read and write") {
  const struct {
    const char* text;
    const char* plain;
    const char* url;
    bool loopback;
  } rows[] = {
      {"Example.com", "example.com", "example.com", false},
      {"localhost", "localhost", "localhost", true},
      {"127.0.0.1", "127.0.0.1", "127.0.0.1", true},
      {"10.0.0.1", "10.0.0.1", "10.0.0.1", false},
      {"::1", "::1", "[::1]", true},
      {"[2001:DB8::1]", "2001:db8::1", "[2001:db8::1]", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const Host host = parse_host(row.text).value();
    CHECK(to_string(host) == row.plain);
    CHECK(to_url_host(host) == row.url);
    CHECK(is_loopback(host) == row.loopback);
  }
}

TEST_CASE("a port is 1 to 65535 in one spelling") {
  for (const char* text : {"", "0", "080", "65536", "99999999999", "-1", "+80", "80 ", " 80", "8a"})
    CHECK_FALSE(parse_port(text));
  CHECK(parse_port("1").value() == 1);
  CHECK(parse_port("65535").value() == 65535);
}

TEST_CASE("host and port") {
  for (const char* text :
       {"", "a", "a:", ":80", "a:0", "::1:80", "[::1]", "[::1]80", "a:80:80", "1.2.3:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host_port(text));
  }
  for (const char* text : {"a.com:443", "10.0.0.1:80", "[::1]:443"})
    CHECK(to_string(parse_host_port(text).value()) == text);
}
