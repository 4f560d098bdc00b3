// SHA-256 (FIPS 180-4), from BoringSSL. No allocation.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::codec {

struct Sha256Digest {
  std::array<std::uint8_t, 32> bytes{};

  // The raw 32 bytes, valid as long as this object.
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // 64 lower-case digits.
  std::string hex() const;
  // 64 digits in lower case.
  static Result<Sha256Digest> parse_hex(std::string_view text);

  auto operator<=>(const Sha256Digest&) const = default;
};

Sha256Digest sha256(std::string_view bytes);

class Sha256 {
 public:
  Sha256();
  Sha256& update(std::string_view bytes);
  // The digest of everything so far; the object starts anew.
  Sha256Digest finish();

 private:
  alignas(8) std::byte state_[112];  // BoringSSL's SHA256_CTX
};

}  // namespace glovebox::codec
