#include "egress/address_rules.h"

#include <catch2/catch_test_macros.hpp>

namespace glovebox::egress {
namespace {

codec::IpAddress ip(std::string_view text) {
  return codec::IpAddress::parse(text).value();
}
bool nobodys(const codec::IpAddress&) {
  return false;
}

policy::EgressRule for_name(bool private_addresses = false) {
  policy::EgressRule rule;
  rule.target = policy::HostPattern{"a.test", false};
  rule.private_addresses = private_addresses;
  return rule;
}

TEST_CASE("addresses that a name must not stand for, in every disguise") {
  struct Row {
    std::string_view address;
    bool allowed, allowed_if_private;
  };
  constexpr Row kRows[] = {
      {"93.184.216.34", true, true},
      {"2606:2800:220:1:248:1893:25c8:1946", true, true},
      {"127.0.0.1", false, true},
      {"127.9.9.9", false, true},
      {"0.0.0.0", false, true},
      {"10.0.0.1", false, true},
      {"172.16.0.1", false, true},
      {"172.31.255.255", false, true},
      {"172.32.0.1", true, true},
      {"192.168.1.1", false, true},
      {"100.64.0.1", false, true},
      {"169.254.1.1", false, true},
      {"224.0.0.1", false, true},
      {"255.255.255.255", false, true},
      {"::1", false, true},
      {"::", false, true},
      {"fe80::1", false, true},
      {"fc00::1", false, true},
      {"fd12::1", false, true},
      {"ff02::1", false, true},
      {"::ffff:127.0.0.1", false, true},
      {"::ffff:10.0.0.1", false, true},
      {"64:ff9b::a00:1", false, true},
      {"2002:a00:1::1", false, true},
      {"::ffff:93.184.216.34", true, true},
      // Metadata services, whatever the rule says.
      {"169.254.169.254", false, false},
      {"::ffff:169.254.169.254", false, false},
      {"64:ff9b::a9fe:a9fe", false, false},
      {"2002:a9fe:a9fe::", false, false},
      {"fd00:ec2::254", false, false},
      {"169.254.170.2", false, false},
      {"100.100.100.200", false, false},
      {"168.63.129.16", false, false},
      {"::ffff:168.63.129.16", false, false},
  };
  for (const Row& row : kRows) {
    INFO(row.address);
    CHECK(!refuse_address(for_name(), ip(row.address), nobodys) == row.allowed);
    CHECK(!refuse_address(for_name(true), ip(row.address), nobodys) == row.allowed_if_private);
  }
}

TEST_CASE("a name does not stand for this host, and a block means what it says") {
  const IsOwn is_own = [](const codec::IpAddress& address) {
    return address.to_string() == "93.184.216.34";
  };
  CHECK(refuse_address(for_name(), ip("93.184.216.34"), is_own).value().contains("this host"));
  CHECK_FALSE(refuse_address(for_name(true), ip("93.184.216.34"), is_own));
  policy::EgressRule block;
  block.target = codec::Cidr::parse("169.254.169.254/32").value();
  CHECK_FALSE(refuse_address(block, ip("169.254.169.254"), is_own));
}

TEST_CASE("one bad address makes the name bad") {
  CHECK_FALSE(refuse_any(for_name(), {ip("93.184.216.34"), ip("8.8.8.8")}, nobodys));
  const auto why = refuse_any(for_name(), {ip("93.184.216.34"), ip("127.0.0.1")}, nobodys);
  REQUIRE(why);
  CHECK(*why == "127.0.0.1 is not a public address (private = true)");
  CHECK_FALSE(refuse_any(for_name(), {}, nobodys));
}

}  // namespace
}  // namespace glovebox::egress
