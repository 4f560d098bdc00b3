// Checks a log offline, from its folder alone: the checkpoint, every record, every tile.
//
// In one pass over the bundles: each record is one (canonical bytes, record.h) and keeps the rules
// (record_rules.h); its leaf goes into a tree, and every tile of every width that is stored must
// say what that tree says; at the size of the checkpoint the root must be the one that was signed.
// The chain of epochs is followed from the key of epoch 0 (epoch_rules.h): every seal, and the
// checkpoint. The policies that the records speak of must lie beside it (policy_archive.h).
// Memory: some tiles, a bundle, and what the rules remember of calls and sessions.
//
// It does not show that a whole folder was put back to an older state with its older checkpoint,
// unless `min_size` is known from elsewhere; and keys that come from the log itself prove nothing
// about who wrote it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/log_directory.h"
#include "audit/log_report.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/merkle.h"
#include "codec/note.h"

namespace glovebox::audit {

struct LogCheck {
  std::optional<codec::NoteKey> key;     // else the log's own, and the report says so
  std::optional<codec::NoteKey> epoch0;  // of epoch 0, likewise
  std::uint64_t min_size = 0;            // fewer sealed records than that were cut off: changed
  // How long the records behind the checkpoint, for which nobody vouches, may go on; without, there
  // may be none.
  std::optional<Duration> max_tail;
  // Checkpoints that were kept elsewhere (anchor_check.h): each must be how the log began.
  std::vector<codec::TreeHead> anchors = {};
};

// Durable records that no bundle holds yet, by index; nothing behind the last.
using TailReader = std::function<Result<std::optional<std::string>>(std::uint64_t index)>;

// Never fails over what is in the log: that is the report's. It may run beside the auditor. Errors:
// those of the kernel when something cannot be read, and the tail's.
Result<LogReport> verify_tiles(const LogDirectory& log, const LogCheck& check,
                               const TailReader& tail, Random& random);

}  // namespace glovebox::audit
