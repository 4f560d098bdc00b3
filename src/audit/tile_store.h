// Turns durable records into what everybody can read: tiles, bundles and checkpoints in the folder
// of the log.
//
// All of it is derived from records that are durable already (in the write-ahead log), so it is
// written without haste, and nothing is recovered here: after a crash the store is opened at the
// size of the last checkpoint and given the records behind it again. What was written of them is
// then found as it must be. published() says which records the write-ahead log may forget.
//
// Order: full bundles and tiles, the partial ones of this size, then the checkpoint; each durable
// before the next. So whoever reads a checkpoint finds what it speaks of. Partial tiles of each
// published size stay until a checkpoint is published over the full one.
//
// The first failed write is final: the kernel may have dropped the pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/log_directory.h"
#include "audit/log_key.h"
#include "audit/tile_folder.h"
#include "audit/tree_builder.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/checkpoint.h"
#include "codec/digest.h"
#include "codec/note.h"
#include "codec/tlog_tile.h"

namespace glovebox::audit {

constexpr std::string_view kCheckpointName = "checkpoint";
// Full bundles and tiles that wait; add() refuses more until write_full().
constexpr std::size_t kMaxWaitingBytes = 16 * kMiB;

class TileStore {
 public:
  // `log` and `key` outlive the store. `size`: of the last checkpoint, 0 for a new log. Errors:
  // conflict (a tile of that size is missing or damaged, or a bundle is not what its tile says),
  // those of the kernel.
  static Result<TileStore> open(const LogDirectory& log, const LogKey& key, std::uint64_t size);

  std::uint64_t size() const { return tree_.size(); }
  std::uint64_t published() const { return published_; }
  // Of all that was added. After open(): to be compared with the checkpoint's.
  codec::TreeHead head() const { return tree_.head(); }
  const TreeBuilder& tree() const { return tree_; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }

  // Takes the next record and returns its leaf hash; writes nothing. Errors: limit (longer than an
  // entry may be, or too much waits), io (failed before).
  Result<codec::Sha256Digest> add(std::string_view record);
  // The same for many records in a row: when much waits, what is full is written first. Errors: of
  // both.
  Result<void> take(std::string_view record);
  // Writes the bundles and tiles that are full. Errors: conflict (other bytes are there), those of
  // the kernel; final.
  Result<void> write_full();
  // Writes all, signs and publishes a checkpoint over it, and returns the note. `cosign` makes one
  // more line of it. Errors as above, and its own.
  using Cosign = std::function<Result<codec::NoteSignature>(const codec::Checkpoint& checkpoint)>;
  Result<std::string> publish(const Cosign& cosign = {});

 private:
  TileStore(const LogDirectory& log, const LogKey& key) : log_(log), key_(key), folder_(log) {}
  Result<void> write_waiting();
  Result<void> write_partials();
  Result<void> remove_superseded(std::uint64_t before);
  Result<std::string> publish_now(const Cosign& cosign);

  const LogDirectory& log_;
  const LogKey& key_;
  TileFolder folder_;
  TreeBuilder tree_;
  std::string bundle_;  // of the records that are in no full bundle
  std::vector<std::pair<codec::TilePlace, std::string>> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t published_ = 0;
  bool poisoned_ = false;
};

}  // namespace glovebox::audit
