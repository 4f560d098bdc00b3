#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/hex.h"
#include "codec/note.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

std::string bytes(std::string_view hex) {
  return hex_decode(hex).value();
}

}  // namespace

TEST_CASE("a seed of a wrong length makes no key") {
  for (const std::size_t size : {0, 31, 33, 64})
    CHECK_FALSE(Ed25519PrivateKey::from_seed(Secret::take(std::string(size, 'x'))));
}

TEST_CASE("Ed25519 of RFC 8032 section 7.1") {
  const struct {
    const char* name;
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
  } rows[] = {
      {"test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
       "f9b46bd25bf5f0595bbe24655141438e7a100b"},
      {"test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "11d8c387b2eaeb4302aeeb00d291612bb0c00"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto key = Ed25519PrivateKey::from_seed(Secret::take(bytes(row.seed))).value();
      const std::string message = bytes(row.message);
      const auto signature = key.sign(message);
      const std::string text(signature.begin(), signature.end());
      CHECK(hex_encode(text) == row.signature);
      CHECK(std::string(key.public_key().begin(), key.public_key().end()) == bytes(row.public_key));
      CHECK(key.reveal_seed() == bytes(row.seed));
      CHECK(verify_ed25519(key.public_key(), message, text));
      CHECK_FALSE(verify_ed25519(key.public_key(), message + "x", text));
      CHECK_FALSE(verify_ed25519(key.public_key(), message, text.substr(1)));
      CHECK_FALSE(verify_ed25519(key.public_key(), message, text + "x"));
      CHECK_FALSE(verify_ed25519(key.public_key(), message, ""));
      for (std::size_t at = 0; at < text.size(); ++at) {
        std::string forged = text;
        forged[at] = static_cast<char>(forged[at] ^ 1);
        CHECK_FALSE(verify_ed25519(key.public_key(), message, forged));
      }
    }
  }
}
