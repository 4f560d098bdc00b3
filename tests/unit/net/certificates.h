// Certificates made for one test run, and a TLS server on the test's loop.
#pragma once

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstdint>
#include <string>
#include <vector>

#include "net/byte_stream.h"
#include "net/task.h"
#include "net/tls.h"

namespace glovebox::net::testing {

struct Identity {
  bssl::UniquePtr<X509> certificate;
  bssl::UniquePtr<EVP_PKEY> key;
  std::string pem() const;  // of the certificate
};

struct CertificateRequest {
  std::string name = "leaf";
  std::vector<std::string> alternatives;  // `DNS:a.example`, `IP:127.0.0.1`
  std::int64_t from_seconds = -3600;      // relative to now
  std::int64_t to_seconds = 3600;
  enum class Role : std::uint8_t { leaf, authority } role = Role::leaf;
};
// Signed by `issuer`, by itself if there is none.
Identity make_identity(const CertificateRequest& request, const Identity* issuer);

struct ServerTls {
  std::uint16_t least = 0x0303;
  std::uint16_t most = 0x0304;
};
// `between`: sent after the identity, as an intermediate authority is.
bssl::UniquePtr<SSL_CTX> make_server_context(const Identity& identity, ServerTls versions = {},
                                             const Identity* between = nullptr);
// The server's side of a handshake over `lower`.
Task<Result<StreamPtr>> accept_tls(StreamPtr lower, SSL_CTX* context);

}  // namespace glovebox::net::testing
