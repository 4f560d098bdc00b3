#include "box/known_networks.h"

namespace glovebox::box {

std::uint64_t KnownNetworks::add(const SessionInit* session, std::uint64_t box) {
  networks_.push_back({session, box, ++last_});
  return last_;
}

std::uint64_t KnownNetworks::of(const SessionInit* session, std::uint64_t box) const {
  for (const Network& network : networks_)
    if (network.session == session && (network.box == box || network.box == 0)) return network.name;
  return 0;
}

std::vector<std::uint64_t> KnownNetworks::gone(const SessionInit* session, std::uint64_t box) {
  std::vector<std::uint64_t> names;
  std::erase_if(networks_, [&](const Network& network) {
    const bool ends = network.session == session && network.box == box;
    if (ends) names.push_back(network.name);
    return ends;
  });
  return names;
}

std::vector<std::uint64_t> KnownNetworks::lost(const SessionInit* session) {
  std::vector<std::uint64_t> names;
  std::erase_if(networks_, [&](const Network& network) {
    if (network.session == session) names.push_back(network.name);
    return network.session == session;
  });
  return names;
}

}  // namespace glovebox::box
