// Cosignatures of checkpoints (C2SP tlog-cosignature) with Ed25519: a witness says that, at a time,
// this was the largest tree it had seen of a log, and that it had seen the log only grow.
//
// A cosignature is a signature line of a note (note.h) whose bytes are the time, eight bytes in
// big-endian order, and 64 bytes of signature. What is signed is two lines that say so and give the
// time, then the text of the checkpoint. The key of a witness has a type of its own, so that it can
// never be taken for the key of a log, nor the other way round.
//
// The Ed25519 form does not sign the name of the witness: one key is for one witness. ML-DSA-44
// (type 0x06) is not read: its lines are those of keys that are not known.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/note.h"

namespace glovebox::codec {

constexpr std::uint8_t kNoteCosignature = 0x04;  // type of key

// Seconds since 1970-01-01T00:00:00Z.
struct CosignatureTime {
  std::int64_t seconds = 0;
  auto operator<=>(const CosignatureTime&) const = default;
};

// Who cosigns: as NoteKey, of the other type.
class CosignerKey {
 public:
  static Result<CosignerKey> make(std::string_view name, const Ed25519PublicKey& key);
  // `name+hash+base64` as for NoteKey. Errors: invalid, unsupported (another type).
  static Result<CosignerKey> parse(std::string_view text);

  const std::string& name() const { return name_; }
  std::uint32_t hash() const { return hash_; }
  const Ed25519PublicKey& key() const { return key_; }
  std::string to_string() const;

  bool operator==(const CosignerKey&) const = default;

 private:
  CosignerKey(std::string name, const Ed25519PublicKey& key);
  std::string name_;
  std::uint32_t hash_;
  Ed25519PublicKey key_;
};

// The line of a witness. `text`: of the checkpoint, its extension lines too. Error: invalid (not
// the text of a note, a name that is none, a time before 1970-01-01T00:00:01Z).
Result<NoteSignature> cosign(std::string_view text, std::string_view name,
                             const Ed25519PrivateKey& key, CosignatureTime time);

struct Cosignature {
  CosignerKey signer;
  CosignatureTime time;
  bool operator==(const Cosignature&) const = default;
};

// What the known witnesses say of a note, in the order of its lines; of several lines of one
// witness the latest time counts. Lines of other keys are passed over. Error: denied (a line of a
// known witness is bad, which makes the whole note bad, as for any known key).
//
// Whether the log signed it, how many witnesses there must be, and whether a time is too old or in
// the future is for who asks.
Result<std::vector<Cosignature>> check_cosignatures(const Note& note,
                                                    std::span<const CosignerKey> known);

}  // namespace glovebox::codec
