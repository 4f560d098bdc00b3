// The network of a box that has a way out: made with the box, listened on by the egress role.
//
// Every address of the namespace is local (os/capture.h). The sockets are made in the namespace
// before anything of a guest's runs, and leave it by descriptor: through the keeper and the boxer
// to the egress role. Nothing of the box keeps one. What connects to a port that has no socket is
// refused by the kernel; the box has no other interface than loopback, and nobody in it any right
// over the namespace.
//
// A guest cannot take one of these ports for a server of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/plan.h"
#include "box/setup.h"

namespace glovebox::box {

// Of /etc/resolv.conf. Any other address is answered as well; this one is of the block for
// benchmarks (RFC 2544), so that nobody has it.
inline constexpr std::string_view kNameServer = "198.18.0.1";

// In the order in which they travel: UDP for DNS (IPv4, IPv6), TCP for DNS, then one for each port
// of the plan. Without IPv6 in the kernel the second is the first once more.
struct NetworkSockets {
  UniqueFd dns_v4, dns_v6, dns_tcp;
  std::vector<UniqueFd> tcp;  // as the plan's ports

  std::vector<int> list() const;
  // Errors: protocol, when their number is not that of the ports.
  static Result<NetworkSockets> take(std::size_t ports, std::vector<UniqueFd> fds);
};

// The step. Nothing to do when the plan has no way out.
Result<void> open_way_out(Site& site);

}  // namespace glovebox::box
