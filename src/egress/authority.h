// The certificate authority of mode `inspect`: made on this host, trusted by its boxes only.
//
// It signs leaves for the names that a box connects to, so that the egress role can read what the
// box sends. Whoever holds its key can pretend to be any name to a box, and to nobody else: no
// other program should ever trust it. The key lives in BoringSSL's memory; outside the process only
// as the Secret of pem(). Keys and serial numbers come from BoringSSL's generator, which the kernel
// seeds. All leaves of a process share one key, which is never written anywhere.
//
// What it does not do: revoke, sign for anything but one exact name, keep files (the caller's).
// Profile: RFC 5280; P-256 and SHA-256 throughout.
#pragma once

#include <openssl/base.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/units.h"
#include "codec/host.h"
#include "net/tls_server.h"

namespace glovebox::egress {

constexpr Duration kAuthorityLife = std::chrono::hours(365 * 24);
constexpr Duration kAuthorityRenewal = std::chrono::hours(30 * 24);  // before its end
constexpr Duration kLeafLife = std::chrono::hours(24);
constexpr Duration kBackDated = std::chrono::hours(1);  // for clocks in boxes' programs that lag
constexpr std::size_t kMaxAuthorityPem = 16 * kKiB;     // of each part
constexpr std::size_t kMaxAuthorityHost = 47;           // bytes: a common name has 64

struct AuthorityPem {
  Secret key;               // PKCS #8
  std::string certificate;  // what boxes trust
};

// A certificate for one name, with its key.
struct Leaf {
  std::shared_ptr<const net::ServerIdentity> identity;
  WallTime begins;
  WallTime ends;
};

class Authority {
 public:
  // `host` (letters, digits, `-`, `.`, `_`) is named in the subject, cut to kMaxAuthorityHost; it
  // is for people. Kinds: invalid (`host`), internal.
  static Result<Authority> make(std::string_view host, WallTime now);

  // What pem() gave. Kinds: conflict (expired, ends within kAuthorityRenewal, or not valid yet:
  // make a new one), invalid (unreadable, of another shape than make()'s, or key and certificate do
  // not belong together), limit (kMaxAuthorityPem), internal.
  static Result<Authority> load(const AuthorityPem& pem, WallTime now);

  // Kind internal.
  Result<AuthorityPem> pem() const;
  WallTime begins() const { return begins_; }
  WallTime ends() const { return ends_; }

  // A leaf for exactly this name or address, for kLeafLife, but not beyond ends(). Kinds: conflict
  // (`now` is outside the authority's own time), internal.
  Result<Leaf> mint(const codec::Host& host, WallTime now) const;

  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;
  ~Authority();

 private:
  Authority();
  Result<void> check_shape() const;

  bssl::UniquePtr<EVP_PKEY> key_;
  bssl::UniquePtr<X509> certificate_;
  bssl::UniquePtr<EVP_PKEY> leaf_key_;
  WallTime begins_;
  WallTime ends_;
};

}  // namespace glovebox::egress
