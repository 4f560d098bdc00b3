// TLS 1.2 and 1.3 as a client, over any ByteStream.
//
// Every connection verifies the chain against the given authorities and the host's name (or
// address) against the certificate; there is no way to switch either off. No session resumption,
// no renegotiation, no client certificate. Revocation is not checked.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/host.h"
#include "net/alpn.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/task.h"

namespace glovebox::net {

// Where the authorities come from: the first that is given of `file` (--ca-file, ca_file) and
// `environment` (SSL_CERT_FILE), else the first system bundle that exists. A named file that
// cannot be read is an error, never a reason to look further.
struct CaChoice {
  std::optional<std::string> file;
  std::optional<std::string> environment;
};
struct CaBundle {
  std::string path;  // for messages
  std::string pem;
};
// Debian's, then RHEL's, then SUSE's and Alpine's place of the bundle.
// Kinds: not_found (none anywhere, or the named one), io, limit (8 MiB).
Result<CaBundle> load_ca_bundle(const CaChoice& choice);

// The authorities, parsed once, shared by all connections. Make it before a role gives up reading
// files. Copies share the same authorities.
class TlsContext {
 public:
  // Kind invalid: no certificate in it, or one that cannot be read.
  static Result<TlsContext> make(const CaBundle& bundle);
  struct State;
  const std::shared_ptr<const State>& state() const { return state_; }

 private:
  explicit TlsContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// Shakes hands over `lower` and gives the stream inside. Errors name host and reason: kind invalid
// for a certificate that does not hold (unknown authority, wrong name, expired), protocol for
// anything else in TLS, else those of `lower`.
//
// `offers` is what the caller can speak inside, best first; the server's choice is one of them, or
// none (HTTP/1.1 then, RFC 9113 §3.2). A server that refuses them all, or chooses another, is an
// error of kind protocol.
Task<Result<NegotiatedStream>> start_tls(StreamPtr lower, TlsContext context, codec::Host host,
                                         std::vector<Alpn> offers, Patience patience);
// Offers `http/1.1` only.
Task<Result<StreamPtr>> start_tls(StreamPtr lower, TlsContext context, codec::Host host,
                                  Patience patience);

}  // namespace glovebox::net
