// Which hosts an egress rule, a denial or a secret names.
//
// Names are told apart by their suffixes, addresses by the blocks that they lie in. An address
// inside an IPv6 one (mapped, NAT64, 6to4) is denied with the address that it stands for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/cidr.h"
#include "codec/host.h"
#include "policy/policy.h"

namespace glovebox::policy {

bool matches(const HostPattern& pattern, std::string_view name);
// A name never matches a block, an address never a name.
bool matches(const EgressTarget& target, const codec::Host& host);
// As matches, and also by the IPv4 address inside an IPv6 one.
bool denies(const EgressTarget& target, const codec::Host& host);

// Not of the public internet: loopback, link-local (and with it the metadata services), private
// (RFC 1918, 4193, 6598), multicast, reserved; also as the IPv4 address inside an IPv6 one.
bool is_private(const codec::IpAddress& address);
// Whether such addresses are in the block. So is every block of several addresses that have an
// IPv4 one inside: which of them are public cannot be said of the block.
bool is_private(const codec::Cidr& block);

// One host of each class that the targets can tell apart and that one of them matches.
std::vector<codec::Host> host_classes(std::span<const EgressTarget> targets);

std::string target_text(const EgressTarget& target);  // `*.example`, `10.0.0.0/8`

}  // namespace glovebox::policy
