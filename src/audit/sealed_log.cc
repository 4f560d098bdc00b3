#include "audit/sealed_log.h"

#include <format>
#include <span>
#include <vector>

#include "audit/epoch_seal.h"
#include "audit/log_key.h"
#include "audit/policy_archive.h"
#include "audit/prove.h"
#include "audit/tile_store.h"
#include "codec/checkpoint.h"

namespace glovebox::audit {

namespace {

constexpr std::size_t kMaxKeyBytes = 4096;

Result<std::string> read_needed(const LogDirectory& directory, const std::string& path,
                                std::string_view name, std::size_t most, std::string_view hint) {
  auto bytes = TRY_CONTEXT(directory.read(name, most), path);
  if (!bytes)
    return Error(ErrorKind::not_found, std::format("{}: no {}\nhint: {}", path, name, hint));
  return *std::move(bytes);
}

Result<std::string> without_epoch(std::string_view bytes, std::string_view origin) {
  codec::Note note = TRY(codec::parse_note(bytes));
  std::erase_if(note.signatures, [&](const codec::NoteSignature& line) {
    return is_epoch_key_name(line.name, origin);
  });
  return codec::format_note(note);
}

}  // namespace

Result<SealedLog> SealedLog::open(const std::string& path) {
  LogDirectory directory = TRY(LogDirectory::open_to_read(path));
  // The key first: it is there from the beginning.
  const std::string key_text =
      TRY(read_needed(directory, path, kPublicKeyName, kMaxKeyBytes, "is it the folder of a log?"));
  codec::NoteKey key =
      TRY_CONTEXT(parse_public_key(key_text), std::format("{}/{}", path, kPublicKeyName));
  std::string checkpoint =
      TRY(read_needed(directory, path, kCheckpointName, codec::kMaxCheckpointBytes,
                      "nothing in it was ever sealed"));
  const auto opened = TRY_CONTEXT(codec::open_checkpoint(checkpoint, std::span(&key, 1)), path);
  checkpoint = TRY(without_epoch(checkpoint, key.name()));
  return SealedLog(path, std::move(directory), std::move(key), std::move(checkpoint),
                   opened.checkpoint.tree);
}

Result<std::optional<std::string>> SealedLog::policy_document(
    const codec::Sha256Digest& policy) const {
  auto folder = LogDirectory::open_to_read(std::format("{}/{}", path_, kPoliciesName));
  if (!folder && folder.error().kind() == ErrorKind::not_found) return std::nullopt;
  if (!folder) return folder.error();
  return folder->read(policy.hex(), kMaxDocumentBytes);
}

Result<std::string> SealedLog::prove(std::uint64_t index) const {
  return prove_record(tiles_, checkpoint_, key_, index);
}

}  // namespace glovebox::audit
