// What a checkpoint vouches for in the folder of a log: records, proofs, the checkpoint itself.
//
// The checkpoint is that in the folder, signed by the key that stands there (`key.pub`): what is
// taken out is checked by whoever has that key from elsewhere. Records behind the checkpoint are
// not here: nobody can prove them yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "audit/log_directory.h"
#include "audit/sealed_records.h"
#include "audit/tile_folder.h"
#include "base/result.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::audit {

class SealedLog {
 public:
  // Errors: not_found (no log in tiles there, or none that was ever sealed), denied (links; a
  // checkpoint that is not by the key of the folder), invalid, io.
  static Result<SealedLog> open(const std::string& path);

  const codec::NoteKey& key() const { return key_; }
  // The note, without the line of an epoch: away from the log nobody can check that one.
  const std::string& checkpoint() const { return checkpoint_; }
  const codec::TreeHead& tree() const { return tree_; }

  // Valid as long as this log.
  SealedRecords records(std::uint64_t first = 0) const {
    SealedRecords records(tiles_, tree_.size);
    records.skip_to(first);
    return records;
  }
  // Errors: as prove_record().
  Result<std::string> prove(std::uint64_t index) const;
  // What is kept of a policy that was active (policy_archive.h), unchecked; nothing if it is not.
  Result<std::optional<std::string>> policy_document(const codec::Sha256Digest& policy) const;

 private:
  SealedLog(std::string path, LogDirectory directory, codec::NoteKey key, std::string checkpoint,
            codec::TreeHead tree)
      : path_(std::move(path)),
        directory_(std::move(directory)),
        tiles_(directory_),
        key_(std::move(key)),
        checkpoint_(std::move(checkpoint)),
        tree_(tree) {}

  std::string path_;
  LogDirectory directory_;
  TileFolder tiles_;
  codec::NoteKey key_;
  std::string checkpoint_;
  codec::TreeHead tree_;
};

}  // namespace glovebox::audit
