// What the write-ahead log holds after a stop of any kind: nothing acknowledged is missing, or it
// is said where the damage is.
//
// Rules. Segments from WalState::oldest on are read in the order of their generations. An
// incomplete group with no commit frame of a later group behind it was never acknowledged: it is
// left out and reported (`torn`). Everything else that does not fit is damage, and the log is not
// opened (ErrorKind::conflict, exit 65) until accept_loss().
//
// A limit: the last group that was acknowledged, damaged later, cannot be told from one that was
// torn by a power cut. `least`, the size of the last signed checkpoint, bounds that: a log that
// ends before it is damage. What was acknowledged after that checkpoint is not covered, and of it
// only the last group.
//
// What a killed process wrote but did not sync is synced here, before anybody builds on it; the end
// of the newest segment is read from the device, not from the kernel's memory.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "audit/wal_folder.h"
#include "audit/wal_segment.h"
#include "audit/wal_state.h"
#include "base/result.h"
#include "codec/digest.h"

namespace glovebox::audit {

constexpr std::size_t kMostWalSegments = 4096;

struct WalSegment {
  enum class Use {
    free,    // holds nothing that is needed
    live,    // generation from WalState::oldest on
    broken,  // its head cannot be read, and it holds newer records than the rest of the log
  };
  std::uint32_t number = 0;
  Use use = Use::free;
  // Of a live one.
  std::uint64_t generation = 0;
  std::uint64_t first = 0;
};

struct WalDamage {
  WalFault fault{};
  std::uint32_t segment = 0;   // number; 0 when it is of no single one
  std::uint64_t lost_end = 0;  // index behind the last record that is known to be lost or cut off
};

// A group that was never acknowledged. Sectors of it land in any order, so this is what could be
// told of it.
struct WalTorn {
  std::uint64_t bytes = 0;
  codec::Sha256Digest hash;  // of those bytes
};

struct WalScan {
  WalState state;
  bool state_found = false;  // false: a log that does not exist yet, or damage
  std::vector<WalSegment> segments;
  std::uint64_t newest = 0;  // highest generation that was ever seen
  WalPosition next;          // where the log goes on
  WalTorn torn;
  std::optional<WalDamage> damage;

  // A loss that was accepted and stands in no record yet. It is the first thing to record.
  std::optional<WalGap> pending_gap() const;
};

// Kind `conflict`; says what to do.
Error damage_error(const WalDamage& damage, std::uint64_t good_records);

// Reads everything. `visit` gets the records from WalState::durable on, in order, up to the first
// damage. `least`: how many records there must be. Memory: one segment. Errors: io, limit, those of
// the visitor. Damage is no error here: see WalWriter::open().
Result<WalScan> scan_wal(WalFolder& folder, std::uint64_t least, const WalVisitor& visit);

// `audit repair --accept-loss`: gives up what is behind the damage, and says what. `held`: the
// tiles hold all records below it, durably, among them all that `visit` got; they may hold more
// than can be read here, and then less is lost. The damaged segments are set aside; a new scan then
// finds a log that goes on at `held` with the gap pending. Below the size of a signed checkpoint
// that is another history: it needs a new origin. Errors: invalid (there is no damage, `held` is
// too low), io.
Result<WalGap> accept_loss(WalFolder& folder, const WalScan& scan, std::uint64_t held);

}  // namespace glovebox::audit
