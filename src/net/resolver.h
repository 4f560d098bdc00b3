// Names to addresses, without the C library's name service: /etc/hosts as text, then DNS (c-ares)
// to explicit servers. `localhost` and names below it are loopback and never asked for (RFC 6761).
//
// Make it before a role restricts itself: c-ares reads its random seed once, at the start.
// It does not validate DNSSEC; what a name server says is only believed as far as TLS confirms it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "codec/cidr.h"
#include "codec/host_name.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::net {

class Resolver {
 public:
  virtual ~Resolver() = default;
  // At least one address, IPv6 and IPv4 in the order they should be tried, at most 16.
  // Kinds: not_found (no such name, no address, no name server), timeout, cancelled, protocol, io.
  virtual Task<Result<std::vector<codec::IpAddress>>> resolve(codec::HostName name,
                                                              Patience patience) = 0;
};

struct NameServer {
  codec::IpAddress address;
  std::uint16_t port = 53;
  bool operator==(const NameServer&) const = default;
};
// At most so many are asked, as in resolv.conf.
inline constexpr std::size_t kMaxNameServers = 3;
// `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1`, `[2001:db8::1]:5353`. Kind invalid.
Result<NameServer> parse_name_server(std::string_view text);

struct ResolverConfig {
  std::vector<NameServer> servers;
  std::vector<std::string> search;  // appended to names with fewer than `dots` dots
  int dots = 1;
  Duration try_timeout = seconds(3);
  int tries = 2;
  struct HostsEntry {
    codec::IpAddress address;
    std::string name;  // lower case
  };
  std::vector<HostsEntry> hosts;
};

// The text of /etc/resolv.conf: nameserver (at most 3), search, domain, options ndots, timeout and
// attempts within the bounds of glibc. Lines that say something else or nonsense are passed over,
// as everybody does.
void apply_resolv_conf(std::string_view text, ResolverConfig& config);
// The text of /etc/hosts; bad lines are passed over, at most 10,000 entries.
void apply_hosts(std::string_view text, ResolverConfig& config);

Result<std::unique_ptr<Resolver>> make_resolver(Loop& loop, ResolverConfig config);

// IPv6 and IPv4 alternating, the first family first, each in its order, without repetitions: a
// host whose IPv6 is broken loses one attempt, not all (RFC 8305, without racing).
std::vector<codec::IpAddress> interleave(const std::vector<codec::IpAddress>& addresses);

}  // namespace glovebox::net
