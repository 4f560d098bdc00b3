#include "codec/cosignature.h"

#include <algorithm>
#include <format>
#include <utility>

#include "codec/base64.h"
#include "codec/digest.h"

namespace glovebox::codec {

namespace {

constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kHashBytesOfKey = 4;

std::string typed_key(const Ed25519PublicKey& key) {
  std::string bytes(1, static_cast<char>(kNoteCosignature));
  bytes.append(reinterpret_cast<const char*>(key.data()), key.size());
  return bytes;
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string signed_message(std::string_view text, std::uint64_t seconds) {
  return std::format("cosignature/v1\ntime {}\n{}", seconds, text);
}

Result<std::uint64_t> check_line(const NoteSignature& line, std::string_view text,
                                 const WitnessKey& witness) {
  const Error bad(ErrorKind::denied, std::format("bad cosignature of {}", witness.name()));
  if (line.signature.size() != kTimeBytes + sizeof(Ed25519Signature)) return bad;
  const std::string_view bytes = line.signature;
  const std::uint64_t seconds = read_big_endian(bytes.substr(0, kTimeBytes));
  if (seconds > kMaxCosignatureTime) return bad;
  if (!verify_ed25519(witness.key(), signed_message(text, seconds), bytes.substr(kTimeBytes)))
    return bad;
  return seconds;
}

}  // namespace

WitnessKey::WitnessKey(std::string name, const Ed25519PublicKey& key)
    : name_(std::move(name)),
      hash_(static_cast<std::uint32_t>(read_big_endian(Sha256()
                                                           .update(name_)
                                                           .update("\n")
                                                           .update(typed_key(key))
                                                           .finish()
                                                           .view()
                                                           .substr(0, kHashBytesOfKey)))),
      key_(key) {}

Result<WitnessKey> WitnessKey::make(std::string_view name, const Ed25519PublicKey& key) {
  TRY(NoteKey::make(name, key));  // the rules of names are the same
  return WitnessKey(std::string(name), key);
}

Result<WitnessKey> WitnessKey::parse(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == text.npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos)
    return Error(ErrorKind::invalid, "a witness key has the form name+hash+base64");
  const std::string bytes = TRY_CONTEXT(base64_decode(text.substr(second + 1)), "witness key");
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != kNoteCosignature)
    return Error(ErrorKind::unsupported,
                 "witness key of a type other than Ed25519 cosignatures (4)");
  Ed25519PublicKey key;
  if (bytes.size() != 1 + key.size())
    return Error(ErrorKind::invalid, "witness key of a wrong length");
  std::copy(bytes.begin() + 1, bytes.end(), key.begin());
  WitnessKey witness = TRY(make(text.substr(0, first), key));
  if (text.substr(first + 1, second - first - 1) != std::format("{:08x}", witness.hash_))
    return Error(ErrorKind::invalid, "witness key whose hash does not fit its name and key");
  return witness;
}

std::string WitnessKey::to_string() const {
  return std::format("{}+{:08x}+{}", name_, hash_, base64_encode(typed_key(key_)));
}

Result<NoteSignature> cosign(std::string_view text, std::string_view name,
                             const Ed25519PrivateKey& key, std::uint64_t seconds) {
  if (seconds > kMaxCosignatureTime)
    return Error(ErrorKind::invalid, "no time that a cosignature can have");
  TRY(check_note_text(text));
  const WitnessKey witness = TRY(WitnessKey::make(name, key.public_key()));
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(seconds >> shift & 0xFF);
  const Ed25519Signature signature = key.sign(signed_message(text, seconds));
  bytes.append(signature.begin(), signature.end());
  return NoteSignature{witness.name(), witness.hash(), std::move(bytes)};
}

Result<std::vector<Cosigned>> check_cosignatures(const Note& note,
                                                 std::span<const WitnessKey> known) {
  std::vector<Cosigned> found;
  for (const NoteSignature& line : note.signatures) {
    const auto witness = std::ranges::find_if(known, [&](const WitnessKey& candidate) {
      return candidate.name() == line.name && candidate.hash() == line.hash;
    });
    if (witness == known.end()) continue;
    const std::uint64_t seconds = TRY(check_line(line, note.text, *witness));
    const auto before = std::ranges::find(found, *witness, &Cosigned::witness);
    if (before == found.end())
      found.push_back({*witness, seconds});
    else
      before->seconds = std::max(before->seconds, seconds);
  }
  return found;
}

}  // namespace glovebox::codec
