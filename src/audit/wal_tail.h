// The records behind a checkpoint, from the write-ahead log of a folder that may be written to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log_directory.h"
#include "audit/wal_state.h"
#include "base/result.h"
#include "base/units.h"

namespace glovebox::audit {

// Of all records in it; what is written is sealed within a second, so that it is reached after a
// crash of a log that was never started again at most.
constexpr std::size_t kMaxTailBytes = 256 * kMiB;

struct WalTail {
  std::uint64_t first = 0;  // index of the first
  std::vector<std::string> records;
  std::uint64_t released = 0;  // so many were under a checkpoint when it was written last
  // What keeps the rest from being read: a log that its auditor would not open.
  std::optional<std::string> damage;

  std::optional<std::string_view> at(std::uint64_t index) const {
    if (index < first || index - first >= records.size()) return std::nullopt;
    return records[index - first];
  }
  std::uint64_t end() const { return first + records.size(); }
};

// Whole groups from record `first` on; none without a write-ahead log. What the kernel holds in
// memory counts: a group of this moment may not be durable yet. While somebody writes, it is looked
// at anew when it does not fit together. Errors: those of the kernel, limit (kMaxTailBytes).
Result<WalTail> read_wal_tail(const LogDirectory& log, const std::string& path,
                              std::uint64_t first);

}  // namespace glovebox::audit
