// Cosignatures of witnesses with Ed25519 keys (C2SP tlog-cosignature, `cosignature/v1`).
//
// A witness says: at this time the checkpoint continued everything that I had seen of the log. Its
// line stands in the note of the checkpoint, with a signature type of its own (0x04): a time of 8
// bytes, big-endian, and a signature over the time and the text of the checkpoint. What is signed
// does not name the witness, so a key belongs to one witness.
//
// The other type of the specification, ML-DSA-44 (0x06), is not in this version.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/note.h"

namespace glovebox::codec {

constexpr std::uint8_t kNoteCosignature = 0x04;  // signature type
constexpr std::uint64_t kMaxCosignatureTime = (std::uint64_t{1} << 63) - 1;

// A witness: a name as NoteKey has it, with its public key.
class WitnessKey {
 public:
  static Result<WitnessKey> make(std::string_view name, const Ed25519PublicKey& key);
  // `name+hash+base64`, as NoteKey::parse. Errors: invalid, unsupported (of another type).
  static Result<WitnessKey> parse(std::string_view text);

  const std::string& name() const { return name_; }
  std::uint32_t hash() const { return hash_; }
  const Ed25519PublicKey& key() const { return key_; }
  std::string to_string() const;

  bool operator==(const WitnessKey&) const = default;

 private:
  WitnessKey(std::string name, const Ed25519PublicKey& key);
  std::string name_;
  std::uint32_t hash_;
  Ed25519PublicKey key_;
};

// `seconds` since 1970. `text`: of the checkpoint, as checkpoint_text writes it. Errors: invalid (a
// name that cannot be one, a time beyond kMaxCosignatureTime).
Result<NoteSignature> cosign(std::string_view text, std::string_view name,
                             const Ed25519PrivateKey& key, std::uint64_t seconds);

struct Cosigned {
  WitnessKey witness;
  std::uint64_t seconds = 0;  // since 1970, by the clock of the witness
};
// Which of the known witnesses cosigned, each once, in the order of their lines: of several lines
// of one the latest time. Lines of others are passed over. Error: denied (a line of a known witness
// that is malformed or wrong makes the whole note bad).
Result<std::vector<Cosigned>> check_cosignatures(const Note& note,
                                                 std::span<const WitnessKey> known);

}  // namespace glovebox::codec
