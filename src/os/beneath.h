// File operations confined to an open directory: what the file tools of a box are built on.
//
// Every path is relative to a directory fd, and openat2(2) resolves it with RESOLVE_BENEATH |
// RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS: it stays below that directory whatever happens to
// the tree meanwhile, and a symbolic link anywhere on the way is ELOOP. Needs Linux 5.6. Names are
// single components, which the kernel resolves without following anything.
//
// All fds are O_CLOEXEC | O_NOCTTY | O_NONBLOCK: no open waits for a FIFO's other side.
// Errors carry the errno. Owner of nothing but the fds that are returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

enum class BeneathOpen : std::uint8_t {
  locate,            // O_PATH
  locate_or_link,    // O_PATH; a link as the last component is opened itself
  locate_directory,  // O_PATH | O_DIRECTORY
  read,              // O_RDONLY
  read_directory,    // O_RDONLY | O_DIRECTORY
};

enum class Mounts : std::uint8_t { cross, refuse };  // refuse: EXDEV (RESOLVE_NO_XDEV)

// An empty `relative` is the directory itself.
Result<UniqueFd> open_beneath(int dir, std::string_view relative, BeneathOpen how,
                              Mounts mounts = Mounts::cross);

// Creates `name` in `dir` for writing: O_EXCL, O_NOFOLLOW.
Result<UniqueFd> create_file_at(int dir, std::string_view name, std::uint32_t mode);

struct FileStatus {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  std::uint32_t mode = 0;     // permission bits (07777)
  enum class Kind : std::uint8_t { regular, directory, link, other } kind = Kind::other;
};

Result<FileStatus> file_status(int fd);
// Of the name itself, never of what a link leads to.
Result<FileStatus> status_at(int dir, std::string_view name);

// The target of the link that `fd` (locate_or_link) is. At most 4,096 bytes.
Result<std::string> link_target(int fd);

Result<> make_directory_at(int dir, std::string_view name, std::uint32_t mode);
Result<> rename_at(int dir, std::string_view from, std::string_view to);
Result<> remove_file_at(int dir, std::string_view name);
Result<> sync_file(int fd);

// 0 at the end. Interrupted calls are repeated.
Result<std::size_t> read_some(int fd, std::span<char> into);
Result<> write_whole(int fd, std::string_view bytes);

}  // namespace glovebox::os
