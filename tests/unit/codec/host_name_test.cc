#include "codec/host_name.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("a text that is no host name is refused") {
  const struct {
    const char* name;
    std::string text;
    ErrorKind kind;
  } rows[] = {
      {"empty", "", ErrorKind::invalid},
      {"dot", ".", ErrorKind::invalid},
      {"trailing dot", "example.com.", ErrorKind::invalid},
      {"leading dot", ".example.com", ErrorKind::invalid},
      {"two dots", "a..b", ErrorKind::invalid},
      {"hyphen first", "-a.com", ErrorKind::invalid},
      {"hyphen last", "a-.com", ErrorKind::invalid},
      {"underscore", "a_b.com", ErrorKind::invalid},
      {"space", "a b.com", ErrorKind::invalid},
      {"not ASCII",
       "b\xc3\xbc"
       "cher.de",
       ErrorKind::invalid},
      {"NUL", std::string("a\0.com", 6), ErrorKind::invalid},
      {"address", "1.2.3.4", ErrorKind::invalid},
      {"short address", "127.1", ErrorKind::invalid},
      {"number", "2130706433", ErrorKind::invalid},
      {"hexadecimal", "0x7f000001", ErrorKind::invalid},
      {"hexadecimal, capital", "0X7F", ErrorKind::invalid},
      {"hexadecimal without digits", "a.0x", ErrorKind::invalid},
      {"last label a number", "example.7", ErrorKind::invalid},
      {"long label", std::string(64, 'a') + ".com", ErrorKind::limit},
      {"long name",
       [] {
         std::string text = "a";
         while (text.size() <= kMaxHostName) text += ".a";
         return text;
       }(),
       ErrorKind::limit},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(HostName::parse(row.text).error().kind() == row.kind);
    }
  }
}

TEST_CASE("a name has one spelling, and below means label by label") {
  const auto name = [](std::string_view text) { return HostName::parse(text).value(); };
  CHECK(name("API.Example.COM").str() == "api.example.com");
  CHECK(name("xn--bcher-kva.de").str() == "xn--bcher-kva.de");
  CHECK(name(std::string(63, 'a')).str().size() == 63);
  CHECK(name("1.a").str() == "1.a");
  CHECK(name("a.b.com").is_within(name("b.com")));
  CHECK(name("b.com").is_within(name("b.com")));
  CHECK_FALSE(name("ab.com").is_within(name("b.com")));
  CHECK_FALSE(name("com").is_within(name("b.com")));
  CHECK(name("localhost").is_localhost());
  CHECK(name("a.LOCALHOST").is_localhost());
  CHECK_FALSE(name("notlocalhost").is_localhost());
  CHECK_FALSE(name("localhost.com").is_localhost());
}
