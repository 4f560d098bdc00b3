// Checkpoints that were kept off the host, against the log: each must be how the log began.
//
// A file of anchors (anchor_file.h) is a row of checkpoints as they were sent, oldest first. A log
// that was cut below one of them, or that is another one from there on, shows here and nowhere
// else. Pure: fed with the tree while it grows, in the pass that verify_tiles.h makes anyway.
//
// Each checkpoint has to be signed by the log, else it proves nothing and is refused: whoever can
// write the file could otherwise accuse a good log.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/tree_builder.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/checkpoint.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::audit {

// About six months at one each ten seconds.
constexpr std::size_t kMaxAnchors = 1'600'000;
constexpr std::size_t kMaxAnchorFileBytes = 1 * kGiB;

struct Anchors {
  std::vector<codec::TreeHead> heads;  // in the order of their sizes, each once
  std::size_t others = 0;              // checkpoints of other logs, which may share the file
  std::size_t unreadable = 0;          // what is no checkpoint: a crash leaves that
};

// `logs`: keys of the log, as for open_checkpoint(). Errors: limit; denied (a checkpoint of this
// log that it did not sign), with the byte where it begins; conflict (two trees of one size that
// differ: the log has signed two histories).
Result<Anchors> read_anchors(std::string_view bytes, std::span<const codec::NoteKey> logs);

class AnchorCheck {
 public:
  // `anchors`: the heads that read_anchors() gives.
  explicit AnchorCheck(std::vector<codec::TreeHead> anchors) : anchors_(std::move(anchors)) {}

  // After each record that was added, and once before the first: the tree so far. Its root is only
  // asked for at a size that was anchored. Error: denied (the records are not those that were
  // anchored).
  Result<void> take(const TreeBuilder& tree);
  // After the last record. Error: denied (the log ends before a size that was anchored).
  Result<void> finish() const;

  std::uint64_t checked() const { return next_; }
  // The largest size that was anchored; nothing without anchors.
  std::optional<std::uint64_t> last() const;

 private:
  std::vector<codec::TreeHead> anchors_;
  std::size_t next_ = 0;
};

}  // namespace glovebox::audit
