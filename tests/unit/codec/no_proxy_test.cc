#include "codec/no_proxy.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("an entry that is none is refused by its name") {
  for (const char* list : {"a_b", "a,..", "10.0.0.0/", "10.0.0.0/33", "a:0", "a:99999", "*.",
                           "10.0.0/8", "a:b:c", "[::1", "1.2.3", "**.a"}) {
    CAPTURE(list);
    const auto parsed = NoProxy::parse(list);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message().contains("no_proxy entry"));
  }
  CHECK(NoProxy::parse("a, b\x1b").error().message().contains("<x1b>"));
}

TEST_CASE("which hosts are reached directly") {
  const struct {
    const char* list;
    const char* host;
    std::uint16_t port;
    bool direct;
  } rows[] = {
      {"", "a.com", 443, false},
      {"", "localhost", 443, true},
      {"", "127.0.0.1", 443, true},
      {"", "::1", 443, true},
      {"*", "a.com", 443, true},
      {"example.com", "example.com", 443, true},
      {"example.com", "www.example.com", 443, true},
      {"example.com", "notexample.com", 443, false},
      {".example.com", "example.com", 443, true},
      {"*.example.com", "www.example.com", 443, true},
      {"EXAMPLE.com", "example.COM", 443, true},
      {"example.com:8080", "example.com", 443, false},
      {"example.com:8080", "example.com", 8080, true},
      {"10.0.0.0/8", "10.1.2.3", 443, true},
      {"10.1.2.3/8", "10.9.9.9", 443, true},
      {"10.0.0.0/8", "11.0.0.1", 443, false},
      {"10.0.0.1", "10.0.0.1", 443, true},
      {"10.0.0.1", "10.0.0.2", 443, false},
      {"0.0.0.0/0", "a.com", 443, false},
      {"[2001:db8::1]:443", "2001:db8::1", 443, true},
      {"[2001:db8::1]:443", "2001:db8::1", 80, false},
      {"2001:db8::/32", "2001:db8::7", 80, true},
      {"a.com b.com\t,\n c.com", "c.com", 80, true},
      {",,a.com,,", "a.com", 80, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.list, row.host, row.port);
    CHECK(NoProxy::parse(row.list).value().covers(parse_host(row.host).value(), row.port) ==
          row.direct);
  }
}
