#include "policy/opened_ports.h"

#include "codec/dns_message.h"

namespace glovebox::policy {

std::expected<std::set<std::uint16_t>, const EgressRule*> opened_ports(const Profile& profile,
                                                                       std::size_t most) {
  std::set<std::uint16_t> ports;
  for (const EgressRule& rule : profile.egress) {
    for (std::uint32_t port = rule.ports.first; port <= rule.ports.last; ++port) {
      if (port != codec::kDnsPort) ports.insert(static_cast<std::uint16_t>(port));
      if (ports.size() > most) return std::unexpected(&rule);
    }
  }
  return ports;
}

}  // namespace glovebox::policy
