// What one use of a segment holds: its groups, and what stands behind the last of them.
//
// The first group that is not whole ends the log: one group is in flight at a time, and after any
// error nothing more is written in that use of the segment. So a commit frame behind it says that
// it was acknowledged, and that the file was damaged later.
//
// A limit: a last group that was acknowledged and damaged later looks like one that never was. Only
// who knows from elsewhere how many records there must be can tell (the last signed checkpoint).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "audit/wal_group.h"
#include "audit/wal_header.h"
#include "base/result.h"

namespace glovebox::audit {

// Gets the records of one whole group; their bytes live as long as the call.
using WalVisitor = std::function<Result<void>(std::span<const WalRecord> records)>;

struct WalSegmentFound {
  WalPosition next;        // behind the last whole group
  std::uint64_t end = 0;   // its offset
  std::uint64_t torn = 0;  // bytes behind it of a group that is not whole, as far as they are
                           // known as such
  // Index behind the last record that was acknowledged and cannot be read; nothing if every group
  // is there.
  std::optional<std::uint64_t> lost_end;
};

// `bytes`: the whole segment. `header`: its own, parsed from there. Errors: those of the visitor.
Result<WalSegmentFound> scan_wal_segment(std::string_view bytes, const WalHeader& header,
                                         const WalVisitor& visit);

// The last commit frame of this use of the segment, wherever it is.
struct WalLastCommit {
  std::uint64_t offset = 0;  // of its group
  std::uint64_t end = 0;     // index behind its last record
};
std::optional<WalLastCommit> last_commit(std::string_view bytes, const WalHeader& header);

// For a segment whose head is lost: the highest index behind a record in it, as far as commit
// frames of any use tell.
std::uint64_t end_without_header(std::string_view bytes);

}  // namespace glovebox::audit
