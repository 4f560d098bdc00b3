// From a URL's scheme, host and port to a stream for HTTP: dial, proxy, TLS, in the right order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/secret.h"
#include "codec/host.h"
#include "codec/url.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/dial.h"
#include "net/proxy.h"
#include "net/task.h"
#include "net/tls.h"

namespace glovebox::net {

// Shared by all clients of a role. `tls` may be empty where only http is spoken (loopback): https
// is then refused with kind not_found, naming the missing authorities.
class Connector {
 public:
  Connector(Dialer& dialer, ProxyRules rules, std::optional<TlsContext> tls);

  // Errors name the destination, and the proxy if there is one; kinds of Dialer, connect_through
  // (denied: the proxy answered 407, see refused_by_proxy) and start_tls.
  Task<Result<StreamPtr>> connect(codec::UrlScheme scheme, codec::HostPort where,
                                  Patience patience);

  // Other authorities, for connections made from now on.
  void set_authorities(TlsContext tls) { tls_ = std::move(tls); }
  // New proxy credentials, for connections made from now on.
  void set_proxy_authorization(Secret value) { rules_.set_authorization(std::move(value)); }
  // How many connections ended in the proxy's 407: when it grows, credentials are due.
  std::uint64_t refused_by_proxy() const { return refused_by_proxy_; }

 private:
  Dialer& dialer_;
  ProxyRules rules_;
  std::optional<TlsContext> tls_;
  std::uint64_t refused_by_proxy_ = 0;
};

}  // namespace glovebox::net
