// Signed notes (C2SP signed-note) with Ed25519 keys.
//
// A note is text, a blank line, and signature lines `— <key name> <base64>`. A verifier has a list
// of known keys: lines of unknown keys are ignored, one bad line of a known key makes the whole
// note bad, and at least one known key must have signed. The text is then exactly what was signed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace glovebox::codec {

constexpr std::size_t kMaxNoteBytes = 1'000'000;
constexpr std::size_t kMaxNoteSignatures = 100;
constexpr std::uint8_t kNoteEd25519 = 0x01;  // signature type

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

// Private bytes are held in Secret; reveal_seed() is for storing the key and can be searched for.
class Ed25519PrivateKey {
 public:
  static Ed25519PrivateKey generate(Random& random);
  // `seed`: the 32 bytes of RFC 8032. Error: invalid.
  static Result<Ed25519PrivateKey> from_seed(const Secret& seed);

  const Ed25519PublicKey& public_key() const { return public_key_; }
  Ed25519Signature sign(std::string_view message) const;
  std::string_view reveal_seed() const;

 private:
  Ed25519PrivateKey(Secret expanded, Ed25519PublicKey public_key);
  Secret expanded_;  // seed followed by public key
  Ed25519PublicKey public_key_;
};

bool verify_ed25519(const Ed25519PublicKey& key, std::string_view message,
                    std::string_view signature);

// Who signs: a name without spaces and `+`, with its public key.
class NoteKey {
 public:
  static Result<NoteKey> make(std::string_view name, const Ed25519PublicKey& key);
  // `name+hash+base64`: eight hexadecimal digits, then base64 of type and key. The hash must agree.
  static Result<NoteKey> parse(std::string_view text);

  const std::string& name() const { return name_; }
  // First four bytes of SHA-256(name, LF, type, key), big-endian.
  std::uint32_t hash() const { return hash_; }
  const Ed25519PublicKey& key() const { return key_; }
  std::string to_string() const;

  bool operator==(const NoteKey&) const = default;

 private:
  NoteKey(std::string name, const Ed25519PublicKey& key);
  std::string name_;
  std::uint32_t hash_;
  Ed25519PublicKey key_;
};

// What keys of every type have in common; cosignature.h has another type.
struct NamedKey {
  std::string name;
  Ed25519PublicKey key;
};
// Not empty, no space, no `+`. Error: invalid.
Result<void> check_key_name(std::string_view name);
// First four bytes of SHA-256(name, LF, type, key), big-endian.
std::uint32_t note_key_hash(std::string_view name, std::uint8_t type, const Ed25519PublicKey& key);
// As NoteKey::parse(). Errors: invalid, unsupported (another type).
Result<NamedKey> parse_named_key(std::string_view text, std::uint8_t type);
std::string format_named_key(const NamedKey& key, std::uint8_t type);

struct NoteSignature {
  std::string name;
  std::uint32_t hash = 0;
  std::string signature;  // without the four bytes of the hash
  bool operator==(const NoteSignature&) const = default;
};

struct Note {
  std::string text;  // ends in LF
  std::vector<NoteSignature> signatures;
  bool operator==(const Note&) const = default;
};

// Valid UTF-8, no control bytes but LF, ends in LF, not empty.
Result<void> check_note_text(std::string_view text);

// Form only; no signature is checked.
Result<Note> parse_note(std::string_view bytes);
std::string format_note(const Note& note);
// One signature line with its line feed, as it stands in a note.
std::string format_signature_line(const NoteSignature& signature);

// `name` must be a key name. The signature line of `key` over `text`.
Result<NoteSignature> sign_note(std::string_view text, std::string_view name,
                                const Ed25519PrivateKey& key);

struct OpenedNote {
  std::string text;
  std::vector<NoteKey> signed_by;  // the known keys, each once, in the order of their lines
};
// Errors: invalid (malformed), denied (a known key's signature is bad, or no known key signed).
Result<OpenedNote> open_note(std::string_view bytes, std::span<const NoteKey> known);

}  // namespace glovebox::codec
