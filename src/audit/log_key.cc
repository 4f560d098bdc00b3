#include "audit/log_key.h"

#include <format>
#include <optional>
#include <string>
#include <utility>

#include "base/secret.h"
#include "codec/base64.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kPrefix = "PRIVATE+KEY+";
constexpr std::size_t kMaxKeyBytes = 1024;

Error damaged(std::string_view file, std::string_view why) {
  return Error(ErrorKind::conflict, std::format("{}: {}", file, why));
}

Secret to_text(const LogKey& key) {
  std::string bytes(1, static_cast<char>(codec::kNoteEd25519));
  bytes += key.private_key.reveal_seed();
  std::string encoded = codec::base64_encode(bytes);
  zero_memory(bytes.data(), bytes.size());
  // Allocated once: a string that grows leaves its first half behind.
  std::string text;
  text.reserve(kMaxKeyBytes);
  text += std::format("{}{}+{:08x}+", kPrefix, key.public_key.name(), key.public_key.hash());
  text += encoded;
  text += '\n';
  zero_memory(encoded.data(), encoded.size());
  return Secret::take(std::move(text));
}

Result<LogKey> parse(std::string_view text) {
  if (!text.starts_with(kPrefix) || !text.ends_with('\n'))
    return damaged(kKeyName, "not a private key");
  const std::string_view rest = text.substr(kPrefix.size(), text.size() - kPrefix.size() - 1);
  const std::size_t name_end = rest.find('+');
  const std::size_t hash_end = name_end == rest.npos ? rest.npos : rest.find('+', name_end + 1);
  if (hash_end == rest.npos) return damaged(kKeyName, "not a private key");

  auto decoded = codec::base64_decode(rest.substr(hash_end + 1));
  if (!decoded) return damaged(kKeyName, "not a private key");
  const Secret bytes = Secret::take(*std::move(decoded));
  if (bytes.reveal().empty() || bytes.reveal().front() != static_cast<char>(codec::kNoteEd25519))
    return damaged(kKeyName, "not an Ed25519 key");
  const Secret seed = Secret::take(std::string(bytes.reveal().substr(1)));
  auto private_key = codec::Ed25519PrivateKey::from_seed(seed);
  if (!private_key) return damaged(kKeyName, "not an Ed25519 key");
  auto public_key = codec::NoteKey::make(rest.substr(0, name_end), private_key->public_key());
  if (!public_key || std::format("{:08x}", public_key->hash()) !=
                         rest.substr(name_end + 1, hash_end - name_end - 1))
    return damaged(kKeyName, "its name and hash do not fit the key");
  return LogKey{*std::move(private_key), *std::move(public_key)};
}

Result<LogKey> make_key(const LogDirectory& directory, std::string_view origin, Random& random) {
  auto private_key = codec::Ed25519PrivateKey::generate(random);
  auto public_key = TRY_CONTEXT(codec::NoteKey::make(origin, private_key.public_key()), "origin");
  LogKey key{std::move(private_key), std::move(public_key)};
  TRY(directory.replace(kKeyName, to_text(key).reveal()));
  return key;
}

}  // namespace

Result<codec::NoteKey> parse_public_key(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return codec::NoteKey::parse(text);
}

Result<LogKey> load_or_make_key(const LogDirectory& directory, std::string_view origin, LogIs log,
                                Random& random) {
  std::optional<std::string> stored = TRY(directory.read(kKeyName, kMaxKeyBytes));
  if (!stored && log == LogIs::filled) return damaged(kKeyName, "missing, but there is a log");
  std::optional<LogKey> key;
  if (stored) {
    const Secret text = Secret::take(*std::move(stored));
    key = TRY(parse(text.reveal()));
  } else {
    key = TRY(make_key(directory, origin, random));
  }
  const std::string expected = key->public_key.to_string() + '\n';
  const std::optional<std::string> known = TRY(directory.read(kPublicKeyName, kMaxKeyBytes));
  if (known && *known != expected) return damaged(kPublicKeyName, "not the public half of `key`");
  if (!known) TRY(directory.replace(kPublicKeyName, expected));
  return *std::move(key);
}

}  // namespace glovebox::audit
