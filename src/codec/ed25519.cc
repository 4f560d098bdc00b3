// Keys and signatures of note.h.

#include <openssl/curve25519.h>

#include <cstdlib>
#include <span>
#include <utility>

#include "codec/note.h"

namespace glovebox::codec {

namespace {

constexpr std::size_t kSeedSize = 32;

const std::uint8_t* raw(std::string_view bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

}  // namespace

Ed25519PrivateKey::Ed25519PrivateKey(Secret expanded, Ed25519PublicKey public_key)
    : expanded_(std::move(expanded)), public_key_(public_key) {}

Result<Ed25519PrivateKey> Ed25519PrivateKey::from_seed(const Secret& seed) {
  if (seed.reveal().size() != kSeedSize)
    return Error(ErrorKind::invalid, "an Ed25519 seed has 32 bytes");
  Ed25519PublicKey public_key;
  std::string expanded(ED25519_PRIVATE_KEY_LEN, '\0');
  ED25519_keypair_from_seed(public_key.data(), reinterpret_cast<std::uint8_t*>(expanded.data()),
                            raw(seed.reveal()));
  return Ed25519PrivateKey(Secret::take(std::move(expanded)), public_key);
}

Ed25519PrivateKey Ed25519PrivateKey::generate(Random& random) {
  std::string seed(kSeedSize, '\0');
  random.fill(std::as_writable_bytes(std::span(seed)));
  return *from_seed(Secret::take(std::move(seed)));
}

Ed25519Signature Ed25519PrivateKey::sign(std::string_view message) const {
  Ed25519Signature signature;
  // Fails only when it cannot allocate, and then there is nothing safe to go on with.
  if (ED25519_sign(signature.data(), raw(message), message.size(), raw(expanded_.reveal())) != 1)
    std::abort();
  return signature;
}

std::string_view Ed25519PrivateKey::reveal_seed() const {
  return expanded_.reveal().substr(0, kSeedSize);
}

bool verify_ed25519(const Ed25519PublicKey& key, std::string_view message,
                    std::string_view signature) {
  return signature.size() == ED25519_SIGNATURE_LEN &&
         ED25519_verify(raw(message), message.size(), raw(signature), key.data()) == 1;
}

}  // namespace glovebox::codec
