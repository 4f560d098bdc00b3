#include "audit/epoch_seal.h"

#include <algorithm>
#include <format>
#include <utility>

#include "codec/hex.h"
#include "codec/jcs.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kFirstLine = "glovebox epoch seal v1";

std::string_view view(const codec::Ed25519PublicKey& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

std::string seal_text(const EpochSeal& seal, std::string_view origin) {
  return std::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", kFirstLine, origin, seal.epoch, seal.tree.size,
                     seal.tree.root.hex(), seal.at.microseconds,
                     codec::hex_encode(view(seal.next)));
}

Error bad(std::string_view member) {
  return {ErrorKind::invalid, std::format("seal of an epoch: bad `{}`", member)};
}

Result<std::int64_t> number(const codec::Json& json, std::string_view key) {
  const auto value = json.get_int(key);
  if (!value || *value < 0) return bad(key);
  return *value;
}

// Lower case only, as it is written.
Result<std::string> bytes(const codec::Json& json, std::string_view key, std::size_t size) {
  const std::string* text = json.get_string(key);
  if (text == nullptr) return bad(key);
  auto decoded = codec::hex_decode(*text);
  if (!decoded || decoded->size() != size || codec::hex_encode(*decoded) != *text) return bad(key);
  return *std::move(decoded);
}

}  // namespace

std::string epoch_key_name(std::string_view origin, std::uint64_t epoch) {
  return std::format("{}/epoch/{}", origin, epoch);
}

bool is_epoch_key_name(std::string_view name, std::string_view origin) {
  return name.starts_with(origin) && name.substr(origin.size()).starts_with("/epoch/");
}

bool is_seal(RecordKind kind) {
  return kind == RecordKind::epoch_rotate || kind == RecordKind::heartbeat;
}

RecordKind seal_kind(EpochIs epoch) {
  return epoch == EpochIs::empty ? RecordKind::heartbeat : RecordKind::epoch_rotate;
}

codec::JsonObject sign_seal(const EpochSeal& seal, std::string_view origin,
                            const codec::Ed25519PrivateKey& key) {
  const codec::Ed25519Signature signature = key.sign(seal_text(seal, origin));
  codec::JsonObject members;
  members.set("ep", static_cast<std::int64_t>(seal.epoch));
  members.set("size", static_cast<std::int64_t>(seal.tree.size));
  members.set("root", seal.tree.root.hex());
  members.set("at", seal.at.microseconds);
  members.set("next", codec::hex_encode(view(seal.next)));
  members.set("seal", codec::hex_encode(std::string(signature.begin(), signature.end())));
  return members;
}

Result<SignedSeal> parse_seal(const Record& record) {
  SignedSeal found;
  found.seal.epoch = static_cast<std::uint64_t>(TRY(number(record.json, "ep")));
  found.seal.tree.size = static_cast<std::uint64_t>(TRY(number(record.json, "size")));
  std::ranges::copy(TRY(bytes(record.json, "root", found.seal.tree.root.bytes.size())),
                    found.seal.tree.root.bytes.begin());
  found.seal.at.microseconds = TRY(number(record.json, "at"));
  std::ranges::copy(TRY(bytes(record.json, "next", found.seal.next.size())),
                    found.seal.next.begin());
  found.signature = TRY(bytes(record.json, "seal", sizeof(codec::Ed25519Signature)));
  return found;
}

bool is_signed_by(const SignedSeal& signed_seal, std::string_view origin,
                  const codec::Ed25519PublicKey& key) {
  return codec::verify_ed25519(key, seal_text(signed_seal.seal, origin), signed_seal.signature);
}

}  // namespace glovebox::audit
