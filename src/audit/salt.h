// The salt of a record's commitments.
//
// A record says `{"c": SHA-256(salt ‖ payload), "n": bytes}` of what it does not hold. Whoever has
// the salt of the record and the payload can open the commitment; without the salt even a payload
// that can be guessed cannot be tried out. One salt for each record; where they are kept:
// salt_store.h.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"

namespace glovebox::audit {

constexpr std::size_t kSaltBytes = 32;
// The member in which a role sends the salt, in hex, along with a record; no record holds it.
constexpr std::string_view kSaltMember = "salt";

class Salt {
 public:
  static Salt generate(Random& random);
  // Errors: invalid (not kSaltBytes; not twice as many lower-case digits, or zeros).
  static Result<Salt> from_bytes(std::string_view bytes);
  static Result<Salt> parse_hex(std::string_view text);

  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  std::string hex() const;
  // `{"c", "n"}` of a payload.
  codec::Json commitment(std::string_view payload) const;
  // Whether the payload is the one that the commitment, or what is left of a long value, was made
  // of.
  bool opens(const codec::Json& commitment, std::string_view payload) const;
  bool operator==(const Salt&) const = default;

 private:
  Salt() = default;
  std::array<char, kSaltBytes> bytes_{};
};

// The commitments of one record that is being made, all with its salt: what its writer has used
// already, or a new one as soon as one is needed.
class Commitments {
 public:
  // `random` outlives it.
  explicit Commitments(Random& random, std::optional<Salt> used = std::nullopt)
      : random_(random), salt_(used) {}
  codec::Json of(std::string_view payload);
  // Nothing: none was made.
  const std::optional<Salt>& salt() const { return salt_; }

 private:
  Random& random_;
  std::optional<Salt> salt_;
};

}  // namespace glovebox::audit
