// Files and folders by descriptor. All descriptors are close-on-exec at birth; EINTR is handled
// here. Errors carry the errno and name the call; a limit that was passed in gives kind `limit`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// How openat2(2) may walk; see RESOLVE_* there.
enum class Resolve : std::uint64_t {
  anywhere = 0,
  no_symlinks = 0x04,     // RESOLVE_NO_SYMLINKS
  beneath = 0x08 | 0x02,  // RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
  beneath_no_symlinks = 0x08 | 0x02 | 0x04,
  in_root = 0x10 | 0x02,  // RESOLVE_IN_ROOT: as the root of all paths, links included
  beneath_same_mount = 0x08 | 0x02 | 0x04 | 0x01,
};

// `flags` are open(2) flags; O_CLOEXEC is added.
Result<UniqueFd> open_at(int folder, const std::string& path, int flags,
                         Resolve resolve = Resolve::anywhere, unsigned mode = 0);
Result<UniqueFd> open_path(const std::string& path, int flags, unsigned mode = 0);
// A folder for reading, below `folder` and over no symlink. One of our own that shuts us out is let
// in first: its mode gets u+rwx, by descriptor.
Result<UniqueFd> open_own_folder(int folder, const std::string& path);
// The same, for who gives back the mode that a folder had before it was let in.
struct OwnFolder {
  UniqueFd folder;
  std::optional<std::uint32_t> shut_mode;  // absent: it was open
};
Result<OwnFolder> enter_own_folder(int folder, const std::string& path);
// The same for what an O_PATH descriptor stands for. EACCES if it is not ours.
Result<void> let_owner_in(int place);

enum class FileType : std::uint8_t { regular, folder, symlink, fifo, socket, device, other };

struct FileFacts {
  FileType type = FileType::other;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 0;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  // bytes on the disk
  std::uint32_t mode = 0;       // permission bits only
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t modified_ns = 0;
};

Result<FileFacts> facts_of(int fd);
// Of the name itself: a last symlink is not followed.
Result<FileFacts> facts_at(int folder, const std::string& name);
Result<FileFacts> facts_of_path(const std::string& path);
// When it came to be and when anything about it changed the last time; nanoseconds since 1970. A
// file system that keeps no time of birth gives 0. Of the name itself. statx(2).
struct FileTimes {
  std::int64_t born_ns = 0;
  std::int64_t changed_ns = 0;
};
// What changes with every change of a folder's entries, and with nothing that can be forged: the
// kernel sets the time. An empty name is the descriptor itself.
struct FolderStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FolderStamp&) const = default;
};
Result<FolderStamp> stamp_at(int folder, const std::string& path);
Result<FileTimes> times_at(int folder, const std::string& name);
Result<std::string> read_link_at(int folder, const std::string& name);

Result<std::size_t> read_some(int fd, char* out, std::size_t size);
// The rest of the file; kind `limit` if it is longer than `limit` bytes.
Result<std::string> read_all(int fd, std::uint64_t limit);
Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size);
Result<std::string> read_file(const std::string& path, std::uint64_t limit);
Result<void> write_all(int fd, std::string_view bytes);
// One write(2): how many bytes went; 0 when a non-blocking descriptor is full.
Result<std::size_t> write_some(int fd, std::string_view bytes);

Result<void> make_folder(int parent, const std::string& name, unsigned mode);
Result<void> remove_file(int folder, const std::string& name);
Result<void> remove_folder(int parent, const std::string& name);
enum class Replace { yes, no };
Result<void> rename_at(int from_folder, const std::string& from, int to_folder,
                       const std::string& to, Replace replace);
Result<void> link_at(int folder, const std::string& target, const std::string& name);  // symlink
Result<void> sync(int fd);                                                             // fsync
Result<void> sync_data(int fd);                                                        // fdatasync
Result<void> sync_file_system(int fd);                                                 // syncfs
Result<void> truncate(int fd, std::uint64_t size);
Result<void> seek_start(int fd);
Result<std::uint64_t> seek_end(int fd);
Result<void> change_mode(int fd, unsigned mode);
Result<void> change_owner(int fd, std::uint32_t uid, std::uint32_t gid);
// Of the name itself: a symlink is not followed.
Result<void> change_owner_at(int folder, const std::string& name, std::uint32_t uid,
                             std::uint32_t gid);
Result<void> change_folder(int fd);  // fchdir

struct FolderEntry {
  std::string name;
  FileType type = FileType::other;  // `other` when the file system does not tell
};
// Names in no order, without `.` and `..`; at most `limit` of them (kind `limit` beyond).
Result<std::vector<FolderEntry>> list_folder(int fd, std::size_t limit);

// Writes `bytes` under a random temporary name, flushes, renames over `name`, flushes the folder.
Result<void> replace_file(int folder, const std::string& name, std::string_view bytes,
                          unsigned mode);
// The same without a flush: whole in the face of killed processes; after a power cut the file may
// be the old one, the new one, or on some file systems empty.
Result<void> swap_file(int folder, const std::string& name, std::string_view bytes, unsigned mode);
// For a name that is new: one flush for bytes and name together, since ext4, xfs and btrfs log a
// file's new name with the file. After a power cut before that flush the name may be there without
// the bytes, so what reads the file must be able to tell.
Result<void> add_file(int folder, const std::string& name, std::string_view bytes, unsigned mode);
// Removes what one of these left whose process was killed. For who alone writes in the folder,
// before it does. Kind `limit` when there are more than `limit` entries.
Result<void> remove_unfinished(int folder, std::size_t limit);

// Removes `name` and all below it, whatever the names and the depth; never follows a symlink and
// never leaves the folder's mount. A missing name is no error.
Result<void> remove_tree(int folder, const std::string& name);
// The same for all below the folder `name`, which stays, with mode 0700.
Result<void> empty_tree(int folder, const std::string& name);

// An exclusive lock held until the descriptor closes; kind `conflict` if somebody has it.
Result<void> lock_exclusive(int fd);

struct SpaceFacts {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};
Result<SpaceFacts> space_of(int fd);
// Whether this is the kernel's word that the disk, or the share of it that is ours, is full.
bool is_out_of_space(const Error& error);

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};
Result<Pipe> make_pipe();
Result<void> set_blocking(int fd, bool blocking);
// Bytes that a pipe holds (F_SETPIPE_SZ, F_GETPIPE_SZ); the kernel rounds up to pages.
Result<void> set_pipe_size(int fd, std::size_t bytes);
Result<std::size_t> pipe_size(int fd);
// A copy with the lowest free number at or above `least`, close-on-exec.
Result<UniqueFd> duplicate(int fd, int least = 3);
bool is_terminal(int fd);

}  // namespace glovebox::os
