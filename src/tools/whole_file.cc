#include "tools/whole_file.h"

#include <algorithm>
#include <cerrno>
#include <format>

#include "base/units.h"
#include "os/beneath.h"
#include "os/file.h"

namespace glovebox::tools {
namespace {

constexpr std::uint32_t kNewFileMode = 0600;
constexpr std::size_t kRandomNameBytes = 16;
constexpr std::size_t kReadChunk = 256 * kKiB;
constexpr std::uint32_t kPermissionBits = 0777;

Result<> fill(int fd, std::string_view bytes, std::uint32_t mode) {
  if (mode != kNewFileMode) TRY(os::change_mode(fd, mode));
  TRY(os::write_whole(fd, bytes));
  return os::sync_file(fd);
}

}  // namespace

Result<FileBytes> read_whole(int fd, std::uint64_t limit) {
  FileBytes file;
  std::size_t filled = 0;
  for (;;) {
    if (filled == file.bytes.size()) {
      const std::uint64_t room = limit + 1 - filled;
      file.bytes.resize(filled + std::min<std::uint64_t>(room, std::max(kReadChunk, filled)));
    }
    const std::size_t count = TRY(os::read_some(fd, std::span(file.bytes).subspan(filled)));
    filled += count;
    if (count == 0 || filled > limit) break;
  }
  file.is_cut = filled > limit;
  file.bytes.resize(std::min<std::uint64_t>(filled, limit));
  return file;
}

Result<> save_whole(const Place& place, std::string_view bytes, Random& random) {
  const UniqueFd folder = TRY(open_parent(place));
  const std::string_view name = last_name(place);

  std::uint32_t mode = kNewFileMode;
  if (auto existing = os::status_at(folder.get(), name)) {
    if (existing->kind == os::FileStatus::Kind::directory) {
      return Error::from_errno(EISDIR, "a directory stands there");
    }
    if (existing->kind == os::FileStatus::Kind::regular) mode = existing->mode & kPermissionBits;
  } else if (existing.error().error_number() != ENOENT) {
    return std::move(existing).error();
  }

  const std::string temporary = std::format(".glovebox-{}.tmp", random.hex(kRandomNameBytes));
  const UniqueFd file = TRY(os::create_file_at(folder.get(), temporary, kNewFileMode));
  Result<> saved = fill(file.get(), bytes, mode);
  if (saved) saved = os::rename_at(folder.get(), temporary, name);
  if (!saved) (void)os::remove_file_at(folder.get(), temporary);  // the first error is the one told
  return saved;
}

}  // namespace glovebox::tools
