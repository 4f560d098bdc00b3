#include "codec/digest.h"

#include <openssl/sha.h>

#include <algorithm>
#include <new>

#include "codec/hex.h"

namespace glovebox::codec {

namespace {

SHA256_CTX* context(std::byte* state) {
  return std::launder(reinterpret_cast<SHA256_CTX*>(state));
}

}  // namespace

std::string Sha256Digest::hex() const {
  return hex_encode(view());
}

Result<Sha256Digest> Sha256Digest::parse_hex(std::string_view text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'F'; };
  const std::string raw = TRY(hex_decode(text));
  Sha256Digest digest;
  if (raw.size() != digest.bytes.size() || std::ranges::any_of(text, upper))
    return Error(ErrorKind::invalid, "a SHA-256 digest is 64 lower-case hexadecimal digits");
  std::ranges::copy(raw, digest.bytes.begin());
  return digest;
}

Sha256Digest sha256(std::string_view bytes) {
  return Sha256().update(bytes).finish();
}

Sha256::Sha256() {
  static_assert(sizeof(state_) == sizeof(SHA256_CTX) && alignof(SHA256_CTX) <= 8);
  SHA256_Init(new (state_) SHA256_CTX);
}

Sha256& Sha256::update(std::string_view bytes) {
  SHA256_Update(context(state_), bytes.data(), bytes.size());
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  SHA256_Final(digest.bytes.data(), context(state_));
  SHA256_Init(context(state_));
  return digest;
}

}  // namespace glovebox::codec
