#include "codec/cidr.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("an address in any but its usual form is refused") {
  for (const char* text : {"",
                           "1",
                           "127.1",
                           "1.2.3",
                           "1.2.3.4.5",
                           "0x7f.0.0.1",
                           "0x7f000001",
                           "2130706433",
                           "010.0.0.1",
                           "1.2.3.256",
                           "1.2.3.-4",
                           "1.2.3.4 ",
                           " 1.2.3.4",
                           "1.2.3.",
                           "1..2.3",
                           "1.2.3.4/8",
                           ":",
                           ":::",
                           "1::2::3",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "12345::",
                           "g::",
                           "::1%lo",
                           "[::1]",
                           "1.2.3.4::",
                           "::1.2.3",
                           "::1.2.3.4:5",
                           "1:2:3:4:5:6:7::8",
                           "::ffff:1.2.3.04",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "\xff"}) {
    CAPTURE(text);
    CHECK_FALSE(IpAddress::parse(text));
  }
}

TEST_CASE("addresses are written in one form") {
  const struct {
    const char* text;
    const char* written;
  } rows[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:DB8::00A", "2001:db8::a"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"},
      {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
      {"::1.2.3.4", "::102:304"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const IpAddress address = IpAddress::parse(row.text).value();
    CHECK(address.to_string() == row.written);
    CHECK(IpAddress::parse(row.written).value() == address);
  }
}

TEST_CASE("loopback and the IPv4 address inside an IPv6 one") {
  const struct {
    const char* text;
    bool loopback;
    const char* embedded;  // nullptr: none
  } rows[] = {
      {"127.0.0.1", true, nullptr},
      {"127.255.255.255", true, nullptr},
      {"128.0.0.1", false, nullptr},
      {"::1", true, nullptr},
      {"::", false, nullptr},
      {"::2", false, "0.0.0.2"},
      {"::ffff:127.0.0.1", true, "127.0.0.1"},
      {"::ffff:10.0.0.1", false, "10.0.0.1"},
      {"64:ff9b::10.0.0.1", false, "10.0.0.1"},
      {"2002:a00:1::", false, "10.0.0.1"},
      {"2001:db8::1", false, nullptr},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const IpAddress address = IpAddress::parse(row.text).value();
    CHECK(address.is_loopback() == row.loopback);
    const auto embedded = address.embedded_v4();
    CHECK(embedded.has_value() == (row.embedded != nullptr));
    if (embedded) CHECK(embedded->to_string() == row.embedded);
  }
}

TEST_CASE("a block that says two things or nothing is refused") {
  for (const char* text : {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1",
                           "10.0.0.0/8/8", "10.1.0.0/8", "::/129", "::1/64", "/8", "10.0.0.0/ 8"}) {
    CAPTURE(text);
    CHECK_FALSE(Cidr::parse(text));
  }
  CHECK_FALSE(Cidr::of(IpAddress::parse("1.2.3.4").value(), 33));
}

TEST_CASE("what a block contains") {
  const struct {
    const char* block;
    const char* address;
    bool inside;
  } rows[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.128/25", "10.0.0.127", false},
      {"10.0.0.128/25", "10.0.0.200", true},
      {"0.0.0.0/0", "255.255.255.255", true},
      {"0.0.0.0/0", "::", false},
      {"::/0", "1.2.3.4", false},
      {"::/0", "ffff::", true},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"1.2.3.4/32", "1.2.3.4", true},
      {"1.2.3.4/32", "1.2.3.5", false},
      {"::ffff:0:0/96", "10.0.0.1", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.block, row.address);
    const Cidr block = Cidr::parse(row.block).value();
    CHECK(block.contains(IpAddress::parse(row.address).value()) == row.inside);
    CHECK(Cidr::parse(block.to_string()).value() == block);
  }
  const Cidr wide = Cidr::parse("10.0.0.0/8").value();
  const Cidr narrow = Cidr::parse("10.1.0.0/16").value();
  CHECK(wide.contains(narrow));
  CHECK_FALSE(narrow.contains(wide));
  CHECK(Cidr::of(IpAddress::parse("10.1.2.3").value(), 8).value() == wide);
}
