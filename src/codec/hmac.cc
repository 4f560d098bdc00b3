#include "codec/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <cstdlib>

namespace glovebox::codec {

Sha256Digest hmac_sha256(std::string_view key, std::string_view message) {
  Sha256Digest digest;
  unsigned size = 0;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(message.data());
  // Fails only when it cannot allocate, and then there is nothing safe to go on with.
  if (HMAC(EVP_sha256(), key.data(), key.size(), bytes, message.size(), digest.bytes.data(),
           &size) == nullptr ||
      size != digest.bytes.size())
    std::abort();
  return digest;
}

}  // namespace glovebox::codec
