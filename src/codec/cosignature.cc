#include "codec/cosignature.h"

#include <algorithm>
#include <format>
#include <utility>

namespace glovebox::codec {

namespace {

constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kCosignatureBytes = kTimeBytes + sizeof(Ed25519Signature);

std::string cosigned_text(std::string_view text, CosignatureTime time) {
  return std::format("cosignature/v1\ntime {}\n{}", time.seconds, text);
}

std::string write_time(CosignatureTime time) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>(static_cast<std::uint64_t>(time.seconds) >> shift & 0xFF);
  return bytes;
}

// May come out below zero: the first bit is not for use.
CosignatureTime read_time(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kTimeBytes; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return {static_cast<std::int64_t>(value)};
}

Error bad_line(const CosignerKey& key) {
  return {ErrorKind::denied, std::format("bad cosignature of {}", key.name())};
}

Result<CosignatureTime> check_line(std::string_view text, const CosignerKey& key,
                                   std::string_view bytes) {
  if (bytes.size() != kCosignatureBytes) return bad_line(key);
  const CosignatureTime time = read_time(bytes);
  if (time.seconds <= 0 ||
      !verify_ed25519(key.key(), cosigned_text(text, time), bytes.substr(kTimeBytes)))
    return bad_line(key);
  return time;
}

}  // namespace

CosignerKey::CosignerKey(std::string name, const Ed25519PublicKey& key)
    : name_(std::move(name)), hash_(note_key_hash(name_, kNoteCosignature, key)), key_(key) {}

Result<CosignerKey> CosignerKey::make(std::string_view name, const Ed25519PublicKey& key) {
  TRY(check_key_name(name));
  return CosignerKey(std::string(name), key);
}

Result<CosignerKey> CosignerKey::parse(std::string_view text) {
  const NamedKey named = TRY(parse_named_key(text, kNoteCosignature));
  return CosignerKey(named.name, named.key);
}

std::string CosignerKey::to_string() const {
  return format_named_key({.name = name_, .key = key_}, kNoteCosignature);
}

Result<NoteSignature> cosign(std::string_view text, std::string_view name,
                             const Ed25519PrivateKey& key, CosignatureTime time) {
  TRY(check_note_text(text));
  if (time.seconds <= 0) return Error(ErrorKind::invalid, "a cosignature needs a time after 1970");
  const CosignerKey signer = TRY(CosignerKey::make(name, key.public_key()));
  const Ed25519Signature signature = key.sign(cosigned_text(text, time));
  return NoteSignature{signer.name(), signer.hash(),
                       write_time(time) + std::string(signature.begin(), signature.end())};
}

Result<std::vector<Cosignature>> check_cosignatures(const Note& note,
                                                    std::span<const CosignerKey> known) {
  std::vector<Cosignature> found;
  for (const NoteSignature& line : note.signatures) {
    const auto key = std::ranges::find_if(known, [&](const CosignerKey& candidate) {
      return candidate.name() == line.name && candidate.hash() == line.hash;
    });
    if (key == known.end()) continue;
    const CosignatureTime time = TRY(check_line(note.text, *key, line.signature));
    const auto before = std::ranges::find(found, *key, &Cosignature::signer);
    if (before == found.end())
      found.push_back({.signer = *key, .time = time});
    else
      before->time = std::max(before->time, time);
  }
  return found;
}

}  // namespace glovebox::codec
