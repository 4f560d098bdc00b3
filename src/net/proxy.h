// The corporate proxy: which one a destination goes through, and HTTP CONNECT.
//
// Precedence as other programs have it: what the operator configured, else the environment
// (HTTPS_PROXY for https, HTTP_PROXY for http, either case, the lower one first; NO_PROXY).
// Loopback is never proxied. Both kinds of destination are reached by CONNECT, so a proxy that
// inspects TLS needs its authority in the CA file and nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "codec/host.h"
#include "codec/no_proxy.h"
#include "codec/url.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/task.h"

namespace glovebox::net {

struct ProxyServer {
  codec::UrlScheme scheme;  // https: TLS to the proxy itself
  codec::HostPort where;
  Secret authorization;  // value of Proxy-Authorization, as `Basic …`; empty: none is sent
};

// `http://[user[:password]@]host[:port]`, `https://…`, or `host:port` (http). User and password,
// percent-decoded, become a Basic authorization. Errors never repeat the text: it may hold a
// password. Kind unsupported for socks and other schemes.
Result<ProxyServer> parse_proxy(std::string_view text);

struct ProxySettings {
  std::optional<std::string> proxy;  // "" switches proxies off, the environment's too
  std::optional<std::string> no_proxy;
  Secret authorization;  // wins over user and password of the URL
};
// Gives the value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(const char* name)>;

class ProxyRules {
 public:
  ProxyRules() = default;  // everything direct
  static Result<ProxyRules> make(ProxySettings settings, const Environment& environment);

  // nullptr: directly.
  std::shared_ptr<const ProxyServer> proxy_for(codec::UrlScheme scheme,
                                               const codec::HostPort& where) const;
  // For connections made from now on.
  void set_authorization(Secret value);

 private:
  std::shared_ptr<const ProxyServer> http_, https_;
  codec::NoProxy no_proxy_;
};

// Asks the proxy at the other end of `stream` for a way to `where`. Kind denied: 407, the proxy
// wants (other) credentials; io: it answered another status; protocol: no HTTP, or bytes behind its
// answer: where the client speaks first nobody has anything to say yet. The text names both proxy
// and destination.
Task<Result<void>> connect_through(ByteStream& stream, const ProxyServer& proxy,
                                   codec::HostPort where, Patience patience);
// The same where the server may speak first (SSH, SMTP, databases): what it said already, at most
// kMaxRead bytes.
Task<Result<std::string>> open_tunnel(ByteStream& stream, const ProxyServer& proxy,
                                      codec::HostPort where, Patience patience);

}  // namespace glovebox::net
