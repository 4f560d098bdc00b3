// Reading a directory fast: getdents64(2) with a large buffer of the caller's, no allocation per
// entry, no stat. For walks over trees of tens of thousands of entries.
//
// Entries come in no order. `.` and `..` are left out. Owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/units.h"

namespace glovebox::os {

constexpr std::size_t kDirectoryBuffer = 64 * kKiB;

enum class EntryKind : std::uint8_t { regular, directory, link, other, unknown };

struct DirectoryEntry {
  std::string_view name;                // into the buffer; valid until the next call
  EntryKind kind = EntryKind::unknown;  // unknown: this file system does not tell, ask status_at
};

class DirectoryReader {
 public:
  // `fd` is an open directory (not O_PATH), `buffer` at least 1 KiB; both outlive the reader.
  DirectoryReader(int fd, std::span<char> buffer) : fd_(fd), buffer_(buffer) {}

  // nullopt at the end. Errors: what getdents64 reports.
  Result<std::optional<DirectoryEntry>> next();

 private:
  int fd_;
  std::span<char> buffer_;
  std::size_t filled_ = 0;
  std::size_t position_ = 0;
};

}  // namespace glovebox::os
