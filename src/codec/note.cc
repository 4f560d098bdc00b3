#include "codec/note.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <utility>

#include "codec/base64.h"
#include "codec/digest.h"
#include "codec/utf8.h"

namespace glovebox::codec {

namespace {

constexpr std::string_view kSignatureMark = "\u2014 ";  // em dash, space
constexpr std::size_t kHashSize = 4;

bool is_unicode_space(char32_t point) {
  return (point >= 0x09 && point <= 0x0D) || point == 0x20 || point == 0x85 || point == 0xA0 ||
         point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
         point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

std::string typed_key(std::uint8_t type, const Ed25519PublicKey& key) {
  std::string bytes(1, static_cast<char>(type));
  bytes.append(reinterpret_cast<const char*>(key.data()), key.size());
  return bytes;
}

std::uint32_t read_hash(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < kHashSize; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string write_hash(std::uint32_t hash) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(hash >> shift & 0xFF);
  return bytes;
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignatureMark))
    return Error(ErrorKind::invalid, "signature line without its dash");
  line.remove_prefix(kSignatureMark.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos)
    return Error(ErrorKind::invalid, "signature line without a signature");
  const std::string_view name = line.substr(0, space);
  TRY(check_key_name(name));
  const std::string bytes = TRY_CONTEXT(base64_decode(line.substr(space + 1)), "signature");
  if (bytes.size() <= kHashSize) return Error(ErrorKind::invalid, "signature too short");
  return NoteSignature{std::string(name), read_hash(bytes), bytes.substr(kHashSize)};
}

}  // namespace

// The first `+` of a key text ends the name, so a name has none.
Result<void> check_key_name(std::string_view name) {
  if (name.empty()) return Error(ErrorKind::invalid, "empty key name");
  while (!name.empty()) {
    const Utf8Step step = decode_utf8(name);
    if (!step.point || *step.point < 0x20 || is_unicode_space(*step.point) || *step.point == '+')
      return Error(ErrorKind::invalid, "key name with a space, a plus sign or bad UTF-8");
    name.remove_prefix(step.length);
  }
  return {};
}

std::uint32_t note_key_hash(std::string_view name, std::uint8_t type, const Ed25519PublicKey& key) {
  return read_hash(Sha256().update(name).update("\n").update(typed_key(type, key)).finish().view());
}

Result<NamedKey> parse_named_key(std::string_view text, std::uint8_t type) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == text.npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos)
    return Error(ErrorKind::invalid, "a note key has the form name+hash+base64");
  NamedKey named{.name = std::string(text.substr(0, first)), .key = {}};
  TRY(check_key_name(named.name));
  const std::string bytes = TRY_CONTEXT(base64_decode(text.substr(second + 1)), "note key");
  if (bytes.empty() || static_cast<std::uint8_t>(bytes[0]) != type)
    return Error(ErrorKind::unsupported,
                 std::format("note key of a type other than {:#04x} ({})", type,
                             type == kNoteEd25519 ? "a log, Ed25519" : "a witness, Ed25519"));
  if (bytes.size() != 1 + named.key.size())
    return Error(ErrorKind::invalid, "note key of a wrong length");
  std::copy(bytes.begin() + 1, bytes.end(), named.key.begin());
  if (text.substr(first + 1, second - first - 1) !=
      std::format("{:08x}", note_key_hash(named.name, type, named.key)))
    return Error(ErrorKind::invalid, "note key whose hash does not fit its name and key");
  return named;
}

std::string format_named_key(const NamedKey& key, std::uint8_t type) {
  return std::format("{}+{:08x}+{}", key.name, note_key_hash(key.name, type, key.key),
                     base64_encode(typed_key(type, key.key)));
}

NoteKey::NoteKey(std::string name, const Ed25519PublicKey& key)
    : name_(std::move(name)), hash_(note_key_hash(name_, kNoteEd25519, key)), key_(key) {}

Result<NoteKey> NoteKey::make(std::string_view name, const Ed25519PublicKey& key) {
  TRY(check_key_name(name));
  return NoteKey(std::string(name), key);
}

Result<NoteKey> NoteKey::parse(std::string_view text) {
  const NamedKey named = TRY(parse_named_key(text, kNoteEd25519));
  return NoteKey(named.name, named.key);
}

std::string NoteKey::to_string() const {
  return format_named_key({.name = name_, .key = key_}, kNoteEd25519);
}

Result<void> check_note_text(std::string_view text) {
  if (!text.ends_with('\n'))
    return Error(ErrorKind::invalid, "note text does not end in a line end");
  if (text.size() > kMaxNoteBytes)
    return Error(ErrorKind::limit, std::format("note larger than {} bytes", kMaxNoteBytes));
  const auto bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
  if (std::ranges::any_of(text, bad)) return Error(ErrorKind::invalid, "note with a control byte");
  if (!is_valid_utf8(text)) return Error(ErrorKind::invalid, "note is not UTF-8");
  return {};
}

Result<Note> parse_note(std::string_view bytes) {
  TRY(check_note_text(bytes));
  // The last blank line: the text may have others.
  const std::size_t blank = bytes.rfind("\n\n");
  if (blank == std::string_view::npos)
    return Error(ErrorKind::invalid, "note without a blank line before its signatures");
  Note note{std::string(bytes.substr(0, blank + 1)), {}};
  std::string_view lines = bytes.substr(blank + 2);
  if (lines.empty()) return Error(ErrorKind::invalid, "note without a signature");
  while (!lines.empty()) {
    if (note.signatures.size() == kMaxNoteSignatures)
      return Error(ErrorKind::limit,
                   std::format("note with more than {} signatures", kMaxNoteSignatures));
    const std::string_view line = lines.substr(0, lines.find('\n'));
    note.signatures.push_back(TRY(parse_signature(line)));
    lines.remove_prefix(line.size() + 1);
  }
  return note;
}

std::string format_signature_line(const NoteSignature& signature) {
  return std::format("{}{} {}\n", kSignatureMark, signature.name,
                     base64_encode(write_hash(signature.hash) + signature.signature));
}

std::string format_note(const Note& note) {
  std::string out = note.text + '\n';
  for (const NoteSignature& signature : note.signatures) out += format_signature_line(signature);
  return out;
}

Result<NoteSignature> sign_note(std::string_view text, std::string_view name,
                                const Ed25519PrivateKey& key) {
  TRY(check_note_text(text));
  const NoteKey signer = TRY(NoteKey::make(name, key.public_key()));
  const Ed25519Signature signature = key.sign(text);
  return NoteSignature{signer.name(), signer.hash(),
                       std::string(signature.begin(), signature.end())};
}

Result<OpenedNote> open_note(std::string_view bytes, std::span<const NoteKey> known) {
  Note note = TRY(parse_note(bytes));
  OpenedNote opened{std::move(note.text), {}};
  for (const NoteSignature& signature : note.signatures) {
    const auto key = std::ranges::find_if(known, [&](const NoteKey& candidate) {
      return candidate.name() == signature.name && candidate.hash() == signature.hash;
    });
    if (key == known.end()) continue;
    if (!verify_ed25519(key->key(), opened.text, signature.signature))
      return Error(ErrorKind::denied, std::format("bad signature of {}", key->name()));
    if (!std::ranges::contains(opened.signed_by, *key)) opened.signed_by.push_back(*key);
  }
  if (opened.signed_by.empty())
    return Error(ErrorKind::denied, "note without a signature of a known key");
  return opened;
}

}  // namespace glovebox::codec
