// The way out of the host, for one connection that a rule allows: the name is resolved once, every
// address it has is checked, and a checked one is dialled. No second resolution, so no rebinding.
//
// Or through the corporate proxy, which is the operator's: it is dialled whatever its address is,
// and asked for the name as it stands (CONNECT). What the name stands for is then the proxy's to
// know and to judge; a literal address is judged here as ever.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "codec/cidr.h"
#include "codec/host.h"
#include "codec/host_name.h"
#include "egress/address_rules.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/proxy.h"
#include "net/resolver.h"
#include "net/task.h"
#include "net/tls.h"
#include "policy/policy.h"

namespace glovebox::egress {

struct Reached {
  UniqueFd socket;        // connected, non-blocking; none where there is a stream
  net::StreamPtr stream;  // TLS with the proxy, and the tunnel in it
  std::string ahead;      // what the other side has said already; mode raw only
  std::string address;    // that was dialled; empty: the proxy dials
};

// After the proxy has refused the credentials (407) it is told so once, and again not before:
inline constexpr Duration kAskAgain = seconds(5);

// The corporate proxy, if there is one.
struct ProxyWay {
  net::ProxyRules rules;                       // modes http: as for http; others: as for https
  std::optional<net::TlsContext> authorities;  // that a proxy is believed by which speaks TLS
  std::function<void()> refused;               // it refuses the credentials: others are due
};

class Upstream {
 public:
  // Loop and resolver outlive it. `is_own`: whether an address is one of this host.
  Upstream(net::Loop& loop, net::Resolver& resolver, IsOwn is_own, ProxyWay proxy = {})
      : loop_(loop), resolver_(resolver), is_own_(std::move(is_own)), proxy_(std::move(proxy)) {}

  // `rule` names `where` and outlives the task. Kinds: denied (an address that the rule does not
  // give; the text says which and why), not_found, closed (refused), timeout, cancelled, limit (no
  // descriptor left), io (also everything that the proxy refuses).
  net::Task<Result<Reached>> reach(const policy::EgressRule& rule, codec::HostPort where,
                                   net::Patience patience);
  // Host and port of the proxy that reach() goes through; empty: none.
  std::string via(const policy::EgressRule& rule, const codec::HostPort& where) const;

  // For connections that begin from now on.
  void set_proxy_authorization(Secret value);
  void set_authorities(net::TlsContext authorities) { proxy_.authorities = std::move(authorities); }

 private:
  using Proxy = std::shared_ptr<const net::ProxyServer>;
  Proxy proxy_for(const policy::EgressRule& rule, const codec::HostPort& where) const;
  net::Task<Result<Reached>> reach_through(Proxy proxy, const policy::EgressRule& rule,
                                           codec::HostPort where, net::Patience patience);
  net::Task<Result<std::string>> open_way(net::ByteStream& stream, Proxy proxy,
                                          const policy::EgressRule& rule, codec::HostPort where,
                                          net::Patience patience);
  struct Dialled {
    UniqueFd socket;
    codec::IpAddress address;
  };
  net::Task<Result<Dialled>> dial(std::vector<codec::IpAddress> addresses, codec::HostPort where,
                                  net::Patience patience);
  using Addresses = Result<std::vector<codec::IpAddress>>;
  // Connections to one name that come together are resolved together; nothing is kept.
  struct Question;
  net::Task<Addresses> resolve(codec::HostName name, net::Patience patience);
  net::Task<Addresses> addresses_of(codec::Host host, net::Patience patience);
  net::Task<void> ask(codec::HostName name, std::shared_ptr<Question> question);

  net::Loop& loop_;
  net::Resolver& resolver_;
  IsOwn is_own_;
  ProxyWay proxy_;
  Duration ask_again_{};  // not before, for other credentials
  std::map<codec::HostName, std::shared_ptr<Question>> asked_;
};

// Asks the kernel whether a socket can be bound to it.
bool is_own_address(const codec::IpAddress& address);

}  // namespace glovebox::egress
