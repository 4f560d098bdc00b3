// The file `state`: from where on the write-ahead log is needed.
//
// Two slots of 4 KiB, written in turn, so that one is whole at any time:
//
//   0 magic 16 | 16 crc32c 4 | 20 zeros 4 | 24 sequence 8 | 32 durable 8 | 40 oldest 8 | 48 newest
//   8 56 gap first 8 | 64 gap end 8 | 72 gap fault 4 | 76 zeros to 4096
//
// The checksum covers the slot without itself. The slot with the higher sequence counts; its parity
// is the slot's number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace glovebox::audit {

constexpr std::size_t kWalSlotBytes = 4 * kKiB;
constexpr std::size_t kWalStateBytes = 2 * kWalSlotBytes;

// Why the log does not fit together. The numbers stand in files.
enum class WalFault : std::uint32_t {
  state = 1,              // the file `state` is gone or damaged
  segment = 2,            // a segment is missing, or there twice, or has another size
  header = 3,             // the head of a segment in use cannot be read
  order = 4,              // a segment does not follow the one before it
  group = 5,              // a group that was acknowledged is damaged
  behind_tiles = 6,       // it ends before the records that the tiles hold
  behind_checkpoint = 7,  // it ends before the last signed checkpoint
};

// `damaged_group` and so on: what a `gap` record says.
std::string_view to_string(WalFault fault);

// A loss that the operator accepted (`audit repair --accept-loss`).
struct WalGap {
  std::uint64_t first = 0;  // index that the log goes on with
  std::uint64_t end = 0;    // the records `first` to `end - 1` are known to have been acknowledged;
                            // equal to `first` when nothing is known of later ones
  WalFault fault{};
  bool operator==(const WalGap&) const = default;
};

struct WalState {
  std::uint64_t sequence = 0;  // of writes of this file
  std::uint64_t durable = 0;   // the tiles hold all records below this index, durably
  // Generations of segments: from `oldest` on they are needed, and those up to `newest` are there
  // at least. `newest` is `oldest - 1` when none is.
  std::uint64_t oldest = 1;
  std::uint64_t newest = 0;
  // Not recorded yet as long as the log holds no more than gap->first records.
  std::optional<WalGap> gap;
  bool operator==(const WalState&) const = default;
};

// The whole file with this state alone.
std::string format_wal_state(const WalState& state);
// One slot, and where it stands in the file.
std::string format_wal_slot(const WalState& state);
std::size_t wal_slot_offset(const WalState& state);

// From the bytes of the file, whatever they are. Nothing when neither slot is whole.
std::optional<WalState> parse_wal_state(std::string_view bytes);

}  // namespace glovebox::audit
