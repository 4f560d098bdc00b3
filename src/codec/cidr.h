// IP addresses and address blocks, from one strict spelling each.
//
// IPv4: four decimal numbers without leading zeros; no inet_aton forms (`127.1`, `0x7f000001`,
// `010.0.0.1`). IPv6: RFC 4291 with `::` and a dotted quad at the end; no zone, no brackets.
// Written as RFC 5952. An IPv4-mapped IPv6 address is another address than the IPv4 one; who
// decides on addresses asks embedded_v4() too.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::codec {

class IpAddress {
 public:
  static Result<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> bytes);
  static IpAddress v6(std::array<std::uint8_t, 16> bytes);

  bool is_v4() const { return v4_; }
  bool is_v6() const { return !v4_; }
  // 4 or 16 bytes in network order; valid as long as this object.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), v4_ ? 4u : 16u}; }
  unsigned bits() const { return v4_ ? 32 : 128; }

  std::string to_string() const;
  // 127.0.0.0/8, ::1, and both inside an IPv4-mapped address.
  bool is_loopback() const;
  // The IPv4 address inside an IPv4-mapped, IPv4-compatible, NAT64 (64:ff9b::/96) or 6to4
  // (2002::/16) address.
  std::optional<IpAddress> embedded_v4() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  IpAddress() = default;
  bool v4_ = true;
  std::array<std::uint8_t, 16> bytes_{};
};

class Cidr {
 public:
  // `10.0.0.0/8`, `2001:db8::/32`. Bits set beyond the prefix are refused: `10.1.0.0/8` says two
  // things.
  static Result<Cidr> parse(std::string_view text);
  // The block of `address` with that prefix, further bits cleared. Error: invalid if the prefix
  // is longer than the address.
  static Result<Cidr> of(const IpAddress& address, unsigned prefix);

  const IpAddress& address() const { return address_; }
  unsigned prefix() const { return prefix_; }
  // Never true across families.
  bool contains(const IpAddress& address) const;
  bool contains(const Cidr& other) const;
  std::string to_string() const;

  auto operator<=>(const Cidr&) const = default;

 private:
  Cidr(IpAddress address, unsigned prefix) : address_(address), prefix_(prefix) {}
  IpAddress address_;
  unsigned prefix_;
};

}  // namespace glovebox::codec
