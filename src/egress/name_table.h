// The addresses that one network's names have: made up by us, so that a connection to one tells the
// name that its program asked for, whatever the protocol.
//
// A name keeps its addresses as long as the network lives. Addresses are of blocks that nobody
// routes: 198.18.0.0/15 (RFC 2544) and one of fd00::/8 (RFC 4193). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "codec/cidr.h"
#include "codec/host_name.h"

namespace glovebox::egress {

class NameTable {
 public:
  // Names of one network, asked for in its life.
  static constexpr std::size_t kMostNames = 16'384;

  struct Addresses {
    codec::IpAddress v4, v6;
  };
  // The same for the same name. Kind limit: there are kMostNames others.
  Result<Addresses> addresses_of(const codec::HostName& name);
  // Null: no name has it.
  const codec::HostName* name_of(const codec::IpAddress& address) const;
  // Whether it is of the blocks, with a name or without.
  static bool is_made_up(const codec::IpAddress& address);

  std::size_t size() const { return names_.size(); }

 private:
  std::vector<codec::HostName> names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace glovebox::egress
