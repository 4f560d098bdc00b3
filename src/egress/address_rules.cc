#include "egress/address_rules.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>
#include <variant>

#include "policy/host_match.h"

namespace glovebox::egress {

namespace {

// Amazon, Google, Microsoft, Oracle and others; Amazon's over IPv6; its containers' and Pod
// Identity's; Alibaba's; Microsoft's platform address.
constexpr std::array<std::string_view, 8> kMetadata = {
    "169.254.169.254", "fd00:ec2::254",   "169.254.170.2", "169.254.170.23",
    "fd00:ec2::23",    "100.100.100.200", "168.63.129.16", "fd20:ce::254",
};

bool is_one_of_metadata(const codec::IpAddress& address) {
  return std::ranges::any_of(kMetadata, [&](std::string_view text) {
    const auto known = codec::IpAddress::parse(text);
    return known && *known == address;
  });
}

}  // namespace

bool is_metadata_service(const codec::IpAddress& address) {
  if (is_one_of_metadata(address)) return true;
  const auto inner = address.embedded_v4();
  return inner && is_one_of_metadata(*inner);
}

std::optional<std::string> refuse_address(const policy::EgressRule& rule,
                                          const codec::IpAddress& address, const IsOwn& is_own) {
  // Who writes a block means the addresses in it.
  if (std::holds_alternative<codec::Cidr>(rule.target)) return std::nullopt;
  const std::string name = address.to_string();
  if (is_metadata_service(address))
    return std::format("{} is a metadata service, which no name may stand for", name);
  if (rule.private_addresses) return std::nullopt;
  if (policy::is_private(address))
    return std::format("{} is not a public address (private = true)", name);
  if (is_own(address)) return std::format("{} is this host (private = true)", name);
  return std::nullopt;
}

std::optional<std::string> refuse_any(const policy::EgressRule& rule,
                                      const std::vector<codec::IpAddress>& addresses,
                                      const IsOwn& is_own) {
  for (const codec::IpAddress& address : addresses)
    if (auto why = refuse_address(rule, address, is_own)) return why;
  return std::nullopt;
}

}  // namespace glovebox::egress
