#include "audit/wal_state.h"

#include <algorithm>

#include "audit/little_endian.h"
#include "codec/crc32c.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kMagic{"glovebox state\n", 16};  // with the zero at its end
constexpr std::size_t kCrcAt = 16, kZerosAt = 20, kSequenceAt = 24, kDurableAt = 32, kOldestAt = 40,
                      kNewestAt = 48, kGapFirstAt = 56, kGapEndAt = 64, kFaultAt = 72;

std::uint32_t checksum(std::string_view slot) {
  return codec::crc32c(slot.substr(kZerosAt), codec::crc32c(slot.substr(0, kCrcAt)));
}

std::optional<WalState> parse_slot(std::string_view slot) {
  if (slot.size() != kWalSlotBytes || !slot.starts_with(kMagic)) return std::nullopt;
  if (number_at<std::uint32_t>(slot, kCrcAt) != checksum(slot)) return std::nullopt;
  WalState state{.sequence = number_at<std::uint64_t>(slot, kSequenceAt),
                 .durable = number_at<std::uint64_t>(slot, kDurableAt),
                 .oldest = number_at<std::uint64_t>(slot, kOldestAt),
                 .newest = number_at<std::uint64_t>(slot, kNewestAt)};
  const WalGap gap{.first = number_at<std::uint64_t>(slot, kGapFirstAt),
                   .end = number_at<std::uint64_t>(slot, kGapEndAt),
                   .fault = WalFault{number_at<std::uint32_t>(slot, kFaultAt)}};
  if (gap != WalGap{}) state.gap = gap;
  // One form only: what is read is what would be written.
  const bool fits = state.oldest > 0 && state.newest >= state.oldest - 1 &&
                    (!state.gap || (!to_string(gap.fault).empty() && gap.end >= gap.first)) &&
                    format_wal_slot(state) == slot;
  if (!fits) return std::nullopt;
  return state;
}

}  // namespace

std::string_view to_string(WalFault fault) {
  switch (fault) {
    case WalFault::state:
      return "state_lost";
    case WalFault::segment:
      return "segment_missing";
    case WalFault::header:
      return "header_damaged";
    case WalFault::order:
      return "out_of_order";
    case WalFault::group:
      return "group_damaged";
    case WalFault::behind_tiles:
      return "behind_tiles";
    case WalFault::behind_checkpoint:
      return "behind_checkpoint";
  }
  return {};
}

std::string format_wal_slot(const WalState& state) {
  std::string slot(kWalSlotBytes, '\0');
  std::ranges::copy(kMagic, slot.begin());
  set_number(slot, kSequenceAt, state.sequence);
  set_number(slot, kDurableAt, state.durable);
  set_number(slot, kOldestAt, state.oldest);
  set_number(slot, kNewestAt, state.newest);
  if (state.gap) {
    set_number(slot, kGapFirstAt, state.gap->first);
    set_number(slot, kGapEndAt, state.gap->end);
    set_number(slot, kFaultAt, static_cast<std::uint32_t>(state.gap->fault));
  }
  set_number(slot, kCrcAt, checksum(slot));
  return slot;
}

std::size_t wal_slot_offset(const WalState& state) {
  return state.sequence % 2 * kWalSlotBytes;
}

std::string format_wal_state(const WalState& state) {
  std::string file(kWalStateBytes, '\0');
  file.replace(wal_slot_offset(state), kWalSlotBytes, format_wal_slot(state));
  return file;
}

std::optional<WalState> parse_wal_state(std::string_view bytes) {
  std::optional<WalState> newest;
  for (std::size_t at = 0; at + kWalSlotBytes <= bytes.size() && at < kWalStateBytes;
       at += kWalSlotBytes) {
    const auto state = parse_slot(bytes.substr(at, kWalSlotBytes));
    if (state && wal_slot_offset(*state) == at && (!newest || newest->sequence < state->sequence))
      newest = state;
  }
  return newest;
}

}  // namespace glovebox::audit
