// TLS 1.2 and 1.3 as a server, over any ByteStream, for one name per connection.
//
// The client must ask for that name: no name, or another one, ends the handshake with the alert
// unrecognized_name. No tickets and no session cache (so nothing of one name is resumed for
// another), no renegotiation, no client certificates, no early data; TLS 1.2 only with ephemeral
// keys and authenticated ciphers (RFC 9113 §9.2.2). How long the handshake may take is the
// caller's Patience.
#pragma once

#include <openssl/base.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/host_name.h"
#include "net/alpn.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/task.h"

namespace glovebox::net {

// A private key and the certificates that speak for it, shared by connections. The key is nowhere
// but in BoringSSL's memory.
class ServerIdentity {
 public:
  // `chain`: DER, the server's own certificate first. Kind invalid: no certificate, one that cannot
  // be read, or a key that does not belong to the first.
  static Result<std::shared_ptr<const ServerIdentity>> make(bssl::UniquePtr<EVP_PKEY> key,
                                                            std::span<const std::string> chain);

  EVP_PKEY* key() const { return key_.get(); }
  const std::vector<bssl::UniquePtr<CRYPTO_BUFFER>>& chain() const { return chain_; }

 private:
  ServerIdentity() = default;
  bssl::UniquePtr<EVP_PKEY> key_;
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> chain_;
};

// What all connections share. Copies share the same.
class TlsServerContext {
 public:
  // Kind internal: out of memory.
  static Result<TlsServerContext> make();
  struct State;
  const std::shared_ptr<const State>& state() const { return state_; }

 private:
  explicit TlsServerContext(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

struct TlsTerms {
  std::shared_ptr<const ServerIdentity> identity;
  codec::HostName name;
  // What is spoken inside, best first. A client that offers protocols, but none of these, is
  // refused. Empty: ALPN is not answered.
  std::vector<Alpn> protocols;
};

// Shakes hands over `lower`. Errors name the name; kinds: denied (the client asked for no name or
// another one), invalid (the client does not accept the certificate), protocol (anything else in
// TLS), else those of `lower`.
Task<Result<NegotiatedStream>> serve_tls(StreamPtr lower, TlsServerContext context, TlsTerms terms,
                                         Patience patience);

}  // namespace glovebox::net
