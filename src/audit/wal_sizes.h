// How the write-ahead log is laid out on the disk.
#pragma once

#include <cstdint>

#include "audit/wal_header.h"
#include "base/result.h"
#include "base/units.h"

namespace glovebox::audit {

// At least what the page cache writes at once (os::page_size): with smaller blocks an acknowledged
// sector would be written again with its neighbours.
constexpr std::uint32_t kWalBlock = 4 * kKiB;
constexpr std::uint64_t kWalSegment = 64 * kMiB;
constexpr std::uint64_t kLeastWalSegment = 8 * kMiB;
// What a log has on the disk up front: one that serves for long, and at least.
constexpr std::uint64_t kDefaultWalReserve = 256 * kMiB;
constexpr std::uint64_t kLeastWalReserve = 2 * kLeastWalSegment;
// Frames of one group; what append() takes between two commits.
constexpr std::size_t kMaxWalGroup = 4 * kMiB;

struct WalSizes {
  std::uint32_t block = kWalBlock;
  std::uint64_t segment = kWalSegment;
  std::uint32_t segments = 4;  // that exist up front
  std::size_t group = kMaxWalGroup;

  // For a reserve of so many bytes: segments of 64 MiB, or smaller ones when there would be fewer
  // than four. `page`: what the kernel writes at once. Error: limit (no room for two of
  // kLeastWalSegment).
  static Result<WalSizes> for_reserve(std::uint64_t bytes, std::uint32_t page);
  // Error: invalid (the largest group does not fit into a segment, no whole blocks).
  Result<void> check() const;
};

}  // namespace glovebox::audit
