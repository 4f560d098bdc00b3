#include "audit/wal_tail.h"

#include <span>

#include "audit/wal_directory.h"
#include "audit/wal_recovery.h"

namespace glovebox::audit {

namespace {

// A segment may be taken into use again while it is read.
constexpr int kLooks = 5;

Result<WalTail> look(WalDirectory& folder, std::uint64_t first) {
  WalTail tail{.first = first};
  std::size_t bytes = 0;
  const auto take = [&](std::span<const WalRecord> records) -> Result<void> {
    for (const WalRecord& record : records) {
      if (record.index < tail.end()) continue;
      if (record.index > tail.end())
        return Error(ErrorKind::conflict, "the write-ahead log begins behind the checkpoint");
      bytes += record.bytes.size();
      if (bytes > kMaxTailBytes)
        return Error(ErrorKind::limit, "too much is behind the checkpoint");
      tail.records.emplace_back(record.bytes);
    }
    return {};
  };
  const WalScan scan = TRY(scan_wal(folder, first, take));
  tail.released = scan.state.durable;
  if (scan.damage) tail.damage = damage_error(*scan.damage, scan.next.index).message();
  return tail;
}

}  // namespace

Result<WalTail> read_wal_tail(const LogDirectory& log, const std::string& path,
                              std::uint64_t first) {
  auto folder = WalDirectory::open_to_read(log, path);
  if (!folder && folder.error().kind() == ErrorKind::not_found) return WalTail{.first = first};
  if (!folder) return std::move(folder).error();
  for (int looks = 1;; ++looks) {
    auto tail = look(*folder, first);
    const bool odd = !tail ? tail.error().kind() == ErrorKind::conflict ||
                                 tail.error().kind() == ErrorKind::not_found
                           : tail->damage.has_value();
    if (!odd || looks == kLooks) return tail;
  }
}

}  // namespace glovebox::audit
