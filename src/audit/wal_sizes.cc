#include "audit/wal_sizes.h"

#include <algorithm>
#include <format>

#include "audit/wal_group.h"

namespace glovebox::audit {

Result<WalSizes> WalSizes::for_reserve(std::uint64_t bytes, std::uint32_t page) {
  constexpr std::uint64_t kFewest = 2, kUsual = 4;
  if (bytes < kFewest * kLeastWalSegment)
    return Error(ErrorKind::limit,
                 std::format("the reserve of the audit log is {} bytes, must be at least {}", bytes,
                             kFewest * kLeastWalSegment));
  const std::uint64_t wanted = std::clamp(bytes / kUsual, kLeastWalSegment, kWalSegment);
  WalSizes sizes{.block = std::max(kWalBlock, page), .segment = wanted / kMiB * kMiB};
  sizes.segments = static_cast<std::uint32_t>(bytes / sizes.segment);
  return sizes;
}

Result<void> WalSizes::check() const {
  const std::uint64_t largest = (group + kWalCommitBytes + block - 1) / block * block;
  if (!is_wal_block(block) || segment % block != 0 || segment > kMostWalSegment ||
      segment < block + largest || group <= kWalFrameHead || segments == 0)
    return Error(ErrorKind::invalid, "sizes of the write-ahead log that do not fit together");
  return {};
}

}  // namespace glovebox::audit
