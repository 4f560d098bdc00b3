// Archives of small files in the ustar form (POSIX.1-2017, pax, "ustar Interchange Format"), which
// every tar reads.
//
// Only what evidence needs: regular files with plain names, all with mode 0644, owner 0 without a
// name, and one time. So the same files make the same bytes, and nothing of the machine is in them.
// The reader takes exactly what the writer writes: links, folders, other names, other modes, a
// second file of a name, bytes behind the end are errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::codec {

constexpr std::size_t kUstarBlock = 512;
constexpr std::size_t kMaxUstarName = 99;                                // one field, with its NUL
constexpr std::uint64_t kMaxUstarNumber = (std::uint64_t{1} << 33) - 1;  // eleven octal digits

// Relative, parts of `A-Z a-z 0-9 . _ -` divided by single slashes, none of them `.` or `..`.
bool is_archive_name(std::string_view name);

class UstarWriter {
 public:
  // `seconds` since 1970, of every file; what the form cannot say becomes the nearest it can.
  explicit UstarWriter(std::int64_t seconds);

  // Errors: invalid (no archive name), exists (a second one of the name), limit.
  Result<void> add(std::string_view name, std::string_view bytes);
  std::size_t size() const { return archive_.size(); }
  std::string finish() &&;

 private:
  std::uint64_t seconds_;
  std::vector<std::string> names_;  // sorted
  std::string archive_;
};

struct ArchiveFile {
  std::string name;
  std::string_view bytes;  // into the archive
};
struct UstarLimits {
  std::size_t max_bytes;
  std::size_t max_files;
};
// In their order. Errors: limit, invalid (saying where).
Result<std::vector<ArchiveFile>> parse_ustar(std::string_view archive, const UstarLimits& limits);

}  // namespace glovebox::codec
