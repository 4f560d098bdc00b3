// One group of the write-ahead log: the records that become durable together.
//
//   frame, one per record   len 4 | crc32c 4 | index 8 | the record's bytes
//   zeros
//   commit frame, 88 bytes  magic 4 | crc32c 4 | first 8 | count 4 | blocks 4 | chain 32 | mac 32
//
// A group begins at the start of a block and its commit frame ends at the end of one (`blocks`
// counts them), so a sector that was acknowledged is never written again, and a commit frame can be
// found without knowing what is in front of it. Every checksum starts from the seed of the segment
// (wal_header.h) and covers its frame without itself. The indices of a group are consecutive.
//
// `chain` = SHA-256(chain of the group before ‖ leaf hash of each record), over the whole log: a
// group fits behind exactly one history. `mac` is zeros until the log has epoch keys.
//
// Checksums and an unkeyed chain find damage. They stop nobody who can write the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

constexpr std::size_t kWalFrameHead = 16;
constexpr std::size_t kWalCommitBytes = 88;
// What a record's length can be in the bundles of the tree (C2SP tlog-tiles).
constexpr std::size_t kMaxWalRecord = 65'535;

// SHA-256(0x00 ‖ record), RFC 6962 §2.1.
codec::Sha256Digest wal_leaf(std::string_view record);

// A group that is being formed. Its memory is kept for the next one.
class WalGroup {
 public:
  // Starts a new group: the index of its first record, and the chain up to there.
  void begin(std::uint64_t first, const codec::Sha256Digest& chain);
  // `record`: 1 to kMaxWalRecord bytes.
  void add(std::string_view record, const codec::Sha256Digest& leaf);

  std::uint32_t count() const { return count_; }
  std::size_t frame_bytes() const { return frames_; }
  // Of the whole group in blocks of that size.
  std::size_t padded_size(std::uint32_t block) const;
  // Completes the group: checksums, padding, commit frame. After it only the views and begin().
  std::string_view finish(std::uint32_t seed, std::uint32_t block);
  // Of the finished group.
  const codec::Sha256Digest& chain() const { return chain_; }

 private:
  std::string bytes_;
  std::size_t frames_ = 0;  // bytes of all frames
  std::uint64_t first_ = 0;
  std::uint32_t count_ = 0;
  codec::Sha256Digest chain_;
  codec::Sha256 hash_;  // of what `chain_` will be
};

struct WalRecord {
  std::uint64_t index = 0;
  std::string_view bytes;
  codec::Sha256Digest leaf;
};

struct WalCommit {
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  std::uint32_t blocks = 0;
  codec::Sha256Digest chain;

  std::uint64_t end() const { return first + count; }  // index behind the last record
};

// The commit frame that ends where `bytes` ends. Nothing if there is no such frame, or a damaged
// one. Without a seed the checksum is not looked at: for a segment whose head is lost.
std::optional<WalCommit> commit_at_end(std::string_view bytes, std::optional<std::uint32_t> seed);

// Where the log goes on.
struct WalPosition {
  std::uint64_t index = 0;    // of the next record
  codec::Sha256Digest chain;  // up to there
};

struct WalGroupFound {
  // Of a whole group with its padding; else of the frames in front of what does not fit.
  std::size_t bytes = 0;
  // Behind the group. Nothing: it is not whole, or does not follow.
  std::optional<WalPosition> next;
  // Every checksum is right and the chain is not: no torn write looks like that.
  bool contradicts = false;
};

// Reads the group at the start of `bytes` (the rest of a segment) that must follow `position`.
// Fills `records`, whose bytes are those of `bytes`; they mean nothing unless the group is whole.
WalGroupFound read_wal_group(std::string_view bytes, std::uint32_t seed, std::uint32_t block,
                             const WalPosition& position, std::vector<WalRecord>& records);

}  // namespace glovebox::audit
