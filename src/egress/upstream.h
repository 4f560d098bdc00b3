// The way out of the host, for one connection that a rule allows: the name is resolved once, every
// address it has is checked, and a checked one is dialled. No second resolution, so no rebinding.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "codec/cidr.h"
#include "codec/host.h"
#include "codec/host_name.h"
#include "egress/address_rules.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/task.h"
#include "os/inet.h"
#include "policy/policy.h"

namespace glovebox::egress {

os::InetAddress to_os(const codec::IpAddress& address, std::uint16_t port);
codec::IpAddress from_os(const os::InetAddress& address);

struct Reached {
  UniqueFd socket;      // connected, non-blocking
  std::string address;  // that was dialled
};

class Upstream {
 public:
  // Loop and resolver outlive it. `is_own`: whether an address is one of this host.
  Upstream(net::Loop& loop, net::Resolver& resolver, IsOwn is_own)
      : loop_(loop), resolver_(resolver), is_own_(std::move(is_own)) {}

  // `rule` names `where` and outlives the task. Kinds: denied (an address that the rule does not
  // give; the text says which and why), not_found, closed (refused), timeout, cancelled, limit (no
  // descriptor left), io.
  net::Task<Result<Reached>> reach(const policy::EgressRule& rule, codec::HostPort where,
                                   net::Patience patience);

 private:
  using Addresses = Result<std::vector<codec::IpAddress>>;
  // Connections to one name that come together are resolved together; nothing is kept.
  struct Question;
  net::Task<Addresses> resolve(codec::HostName name, net::Patience patience);
  net::Task<void> ask(codec::HostName name, std::shared_ptr<Question> question);

  net::Loop& loop_;
  net::Resolver& resolver_;
  IsOwn is_own_;
  std::map<codec::HostName, std::shared_ptr<Question>> asked_;
};

// Asks the kernel whether a socket can be bound to it.
bool is_own_address(const codec::IpAddress& address);

}  // namespace glovebox::egress
