#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <format>

#include "base/clock.h"
#include "base/units.h"

namespace glovebox::os {

namespace {

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

FileType type_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return FileType::regular;
    case S_IFDIR:
      return FileType::folder;
    case S_IFLNK:
      return FileType::symlink;
    case S_IFIFO:
      return FileType::fifo;
    case S_IFSOCK:
      return FileType::socket;
    case S_IFCHR:
    case S_IFBLK:
      return FileType::device;
    default:
      return FileType::other;
  }
}

FileFacts from_stat(const struct stat& s) {
  FileFacts facts;
  facts.type = type_of(s.st_mode);
  facts.device = s.st_dev;
  facts.inode = s.st_ino;
  facts.links = s.st_nlink;
  facts.size = static_cast<std::uint64_t>(s.st_size);
  constexpr std::uint64_t kBlock = 512;  // the unit of st_blocks
  facts.allocated = static_cast<std::uint64_t>(s.st_blocks) * kBlock;
  facts.mode = s.st_mode & 07777;
  facts.uid = s.st_uid;
  facts.gid = s.st_gid;
  facts.modified_ns = s.st_mtim.tv_sec * 1'000'000'000 + s.st_mtim.tv_nsec;
  return facts;
}

}  // namespace

Result<UniqueFd> open_at(int folder, const std::string& path, int flags, Resolve resolve,
                         unsigned mode) {
  if (path.find('\0') != std::string::npos) return Error(ErrorKind::invalid, "path with a NUL");
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = static_cast<std::uint64_t>(resolve);
  // EAGAIN: a rename or a mount somewhere on the host made the kernel unsure whether the path
  // stayed below (openat2(2)); of a file that is leased it is the answer.
  constexpr int kMostTries = 1000;
  long fd = -1;
  for (int tries = 0; tries < kMostTries; ++tries) {
    fd = retry([&] { return ::syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how); });
    if (fd >= 0 || errno != EAGAIN || how.resolve == 0) break;
  }
  if (fd < 0) return failed("openat2");
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> open_path(const std::string& path, int flags, unsigned mode) {
  return open_at(AT_FDCWD, path, flags, Resolve::anywhere, mode);
}

Result<FileFacts> facts_of(int fd) {
  struct stat s{};
  if (::fstat(fd, &s) != 0) return failed("fstat");
  return from_stat(s);
}

Result<FileFacts> facts_at(int folder, const std::string& name) {
  struct stat s{};
  if (::fstatat(folder, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) return failed("fstatat");
  return from_stat(s);
}

Result<FileFacts> facts_of_path(const std::string& path) {
  return facts_at(AT_FDCWD, path);
}

namespace {
std::int64_t nanoseconds(const statx_timestamp& time) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return static_cast<std::int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
}
}  // namespace

Result<FolderStamp> stamp_at(int folder, const std::string& path) {
  struct statx found{};
  const int flags = AT_SYMLINK_NOFOLLOW | (path.empty() ? AT_EMPTY_PATH : 0);
  if (::statx(folder, path.c_str(), flags, STATX_INO | STATX_CTIME, &found) != 0)
    return failed("statx");
  constexpr unsigned kMajorAbove = 32;
  return FolderStamp{
      (static_cast<std::uint64_t>(found.stx_dev_major) << kMajorAbove) | found.stx_dev_minor,
      found.stx_ino, nanoseconds(found.stx_ctime)};
}

Result<FileTimes> times_at(int folder, const std::string& name) {
  struct statx found{};
  if (::statx(folder, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_CTIME, &found) != 0)
    return failed("statx");
  FileTimes times;
  if ((found.stx_mask & STATX_BTIME) != 0) times.born_ns = nanoseconds(found.stx_btime);
  times.changed_ns = nanoseconds(found.stx_ctime);
  return times;
}

Result<std::string> read_link_at(int folder, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
  if (size < 0) return failed("readlinkat");
  return std::string(target.data(), static_cast<std::size_t>(size));
}

Result<std::size_t> read_some(int fd, char* out, std::size_t size) {
  const ssize_t got = retry([&] { return ::read(fd, out, size); });
  if (got < 0) return failed("read");
  return static_cast<std::size_t>(got);
}

Result<std::string> read_all(int fd, std::uint64_t limit) {
  std::string bytes;
  constexpr std::size_t kStep = 64 * kKiB;
  for (;;) {
    const std::size_t before = bytes.size();
    const std::size_t step =
        static_cast<std::size_t>(std::min<std::uint64_t>(kStep, limit - before + 1));
    bytes.resize(before + step);
    const std::size_t got = TRY(read_some(fd, bytes.data() + before, step));
    bytes.resize(before + got);
    if (got == 0) return bytes;
    if (bytes.size() > limit)
      return Error(ErrorKind::limit, std::format("longer than {} bytes", limit));
  }
}

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = retry([&] {
      return ::pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    });
    if (got < 0) return failed("pread");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  const UniqueFd fd = TRY_CONTEXT(open_path(path, O_RDONLY | O_NOCTTY), path);
  return TRY_CONTEXT(read_all(fd.get(), limit), path);
}

Result<std::size_t> write_some(int fd, std::string_view bytes) {
  const ssize_t sent = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
  if (sent < 0) {
    if (errno == EAGAIN) return std::size_t{0};
    return failed("write");
  }
  return static_cast<std::size_t>(sent);
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (sent < 0) return failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> make_folder(int parent, const std::string& name, unsigned mode) {
  if (::mkdirat(parent, name.c_str(), mode) != 0) return failed("mkdirat");
  return {};
}

Result<void> remove_file(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) != 0) return failed("unlinkat");
  return {};
}

Result<void> remove_folder(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) return failed("unlinkat");
  return {};
}

Result<void> rename_at(int from_folder, const std::string& from, int to_folder,
                       const std::string& to, Replace replace) {
  const unsigned flags = replace == Replace::no ? RENAME_NOREPLACE : 0;
  if (::renameat2(from_folder, from.c_str(), to_folder, to.c_str(), flags) != 0)
    return failed("renameat2");
  return {};
}

Result<void> link_at(int folder, const std::string& target, const std::string& name) {
  if (::symlinkat(target.c_str(), folder, name.c_str()) != 0) return failed("symlinkat");
  return {};
}

Result<void> sync(int fd) {
  if (::fsync(fd) != 0) return failed("fsync");
  return {};
}

Result<void> sync_data(int fd) {
  if (::fdatasync(fd) != 0) return failed("fdatasync");
  return {};
}

Result<void> sync_file_system(int fd) {
  if (::syncfs(fd) != 0) return failed("syncfs");
  return {};
}

Result<void> truncate(int fd, std::uint64_t size) {
  if (retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); }) != 0)
    return failed("ftruncate");
  return {};
}

Result<void> seek_start(int fd) {
  if (::lseek(fd, 0, SEEK_SET) < 0) return failed("lseek");
  return {};
}

Result<std::uint64_t> seek_end(int fd) {
  const off_t end = ::lseek(fd, 0, SEEK_END);
  if (end < 0) return failed("lseek");
  return static_cast<std::uint64_t>(end);
}

Result<void> change_mode(int fd, unsigned mode) {
  if (::fchmod(fd, mode) != 0) return failed("fchmod");
  return {};
}

Result<void> let_owner_in(int place) {
  const FileFacts facts = TRY(facts_of(place));
  if (facts.uid != ::geteuid()) return Error::from_errno(EACCES, "open");
  const std::string itself = std::format("/proc/self/fd/{}", place);
  if (::chmod(itself.c_str(), facts.mode | 0700) != 0) return failed("chmod");
  return {};
}

Result<OwnFolder> enter_own_folder(int folder, const std::string& path) {
  constexpr int kFolder = O_DIRECTORY | O_NOFOLLOW;
  auto opened = open_at(folder, path, O_RDONLY | kFolder, Resolve::beneath_no_symlinks);
  if (opened) return OwnFolder{*std::move(opened), std::nullopt};
  if (opened.error().error_number() != EACCES) return std::move(opened).error();
  const UniqueFd place = TRY(open_at(folder, path, O_PATH | kFolder, Resolve::beneath_no_symlinks));
  const std::uint32_t mode = TRY(facts_of(place.get())).mode;
  TRY(let_owner_in(place.get()));
  return OwnFolder{TRY(open_at(folder, path, O_RDONLY | kFolder, Resolve::beneath_no_symlinks)),
                   mode};
}

Result<UniqueFd> open_own_folder(int folder, const std::string& path) {
  return TRY(enter_own_folder(folder, path)).folder;
}

Result<void> change_owner(int fd, std::uint32_t uid, std::uint32_t gid) {
  if (::fchown(fd, uid, gid) != 0) return failed("fchown");
  return {};
}

Result<void> change_owner_at(int folder, const std::string& name, std::uint32_t uid,
                             std::uint32_t gid) {
  if (::fchownat(folder, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
    return failed("fchownat");
  return {};
}

Result<void> change_folder(int fd) {
  if (::fchdir(fd) != 0) return failed("fchdir");
  return {};
}

Result<std::vector<FolderEntry>> list_folder(int fd, std::size_t limit) {
  struct Header {  // linux_dirent64, getdents64(2)
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t size;
    std::uint8_t type;
  };
  std::vector<FolderEntry> entries;
  alignas(8) std::array<char, 64 * kKiB> buffer;
  if (::lseek(fd, 0, SEEK_SET) < 0) return failed("lseek");
  for (;;) {
    const long got =
        retry([&] { return ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size()); });
    if (got < 0) return failed("getdents64");
    if (got == 0) return entries;
    for (long at = 0; at < got;) {
      const auto* header = reinterpret_cast<const Header*>(buffer.data() + at);
      const std::string_view name = buffer.data() + at + offsetof(Header, type) + 1;
      at += header->size;
      if (name == "." || name == "..") continue;
      if (entries.size() == limit)
        return Error(ErrorKind::limit, std::format("more than {} entries", limit));
      FileType type = FileType::other;
      switch (header->type) {
        case DT_REG:
          type = FileType::regular;
          break;
        case DT_DIR:
          type = FileType::folder;
          break;
        case DT_LNK:
          type = FileType::symlink;
          break;
        case DT_FIFO:
          type = FileType::fifo;
          break;
        case DT_SOCK:
          type = FileType::socket;
          break;
        case DT_CHR:
        case DT_BLK:
          type = FileType::device;
          break;
        default:
          break;
      }
      entries.push_back({std::string(name), type});
    }
  }
}

namespace {
constexpr std::string_view kUnfinished = ".new-";
}  // namespace

namespace {

// A whole new file under a temporary name, then `publish(temporary, file)`.
template <class Publish>
Result<void> write_aside(int folder, std::string_view bytes, unsigned mode,
                         const Publish& publish) {
  SystemRandom random;
  const std::string temporary = std::string(kUnfinished) + random.hex(8);
  const UniqueFd file = TRY(open_at(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                                    Resolve::beneath_no_symlinks, mode));
  const auto finish = [&]() -> Result<void> {
    TRY(write_all(file.get(), bytes));
    TRY(change_mode(file.get(), mode));
    return publish(temporary, file.get());
  };
  auto done = finish();
  if (!done) ::unlinkat(folder, temporary.c_str(), 0);
  return done;
}

}  // namespace

Result<void> replace_file(int folder, const std::string& name, std::string_view bytes,
                          unsigned mode) {
  return write_aside(folder, bytes, mode,
                     [&](const std::string& temporary, int file) -> Result<void> {
                       TRY(sync(file));
                       TRY(rename_at(folder, temporary, folder, name, Replace::yes));
                       return sync(folder);
                     });
}

Result<void> swap_file(int folder, const std::string& name, std::string_view bytes, unsigned mode) {
  return write_aside(folder, bytes, mode, [&](const std::string& temporary, int) {
    return rename_at(folder, temporary, folder, name, Replace::yes);
  });
}

Result<void> add_file(int folder, const std::string& name, std::string_view bytes, unsigned mode) {
  return write_aside(folder, bytes, mode,
                     [&](const std::string& temporary, int file) -> Result<void> {
                       TRY(rename_at(folder, temporary, folder, name, Replace::yes));
                       return sync(file);
                     });
}

Result<void> remove_unfinished(int folder, std::size_t limit) {
  for (const FolderEntry& entry : TRY(list_folder(folder, limit)))
    if (entry.name.starts_with(kUnfinished)) TRY(remove_file(folder, entry.name));
  return {};
}

namespace {

// One level of a tree that is being removed. Only the deepest level keeps its descriptor, so that
// depth costs memory but no descriptors; the way up is `..`, checked against the known inode.
struct Level {
  std::string name;  // in the parent
  std::uint64_t inode;
  std::uint64_t device;
  std::vector<FolderEntry> rest;
};

Result<UniqueFd> open_folder(int parent, const std::string& name) {
  constexpr int kFolder = O_DIRECTORY | O_NOFOLLOW;
  auto opened = open_at(parent, name, O_RDONLY | kFolder);
  if (opened || opened.error().error_number() != EACCES) return opened;
  // A folder that its owner may not enter. The mode is mended by descriptor: a name could have
  // become a link to something else meanwhile.
  const UniqueFd place = TRY(open_at(parent, name, O_PATH | kFolder));
  if (::chmod(std::format("/proc/self/fd/{}", place.get()).c_str(), 0700) != 0)
    return failed("chmod");
  return open_at(parent, name, O_RDONLY | kFolder);
}

// Empties a folder of everything but folders; returns those.
Result<std::vector<FolderEntry>> remove_files(int fd) {
  constexpr std::size_t kMany = 10'000'000;
  std::vector<FolderEntry> folders;
  for (FolderEntry& entry : TRY(list_folder(fd, kMany))) {
    if (entry.type != FileType::folder) {
      if (::unlinkat(fd, entry.name.c_str(), 0) == 0 || errno == ENOENT) continue;
      if (errno != EISDIR) return failed("unlinkat");
    }
    folders.push_back(std::move(entry));
  }
  return folders;
}

}  // namespace

Result<void> remove_tree(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR) return failed("unlinkat");
  std::vector<Level> levels;
  UniqueFd here = TRY(duplicate(folder));
  const std::uint64_t device = TRY(facts_at(folder, name)).device;
  std::string next = name;
  for (;;) {
    UniqueFd child = TRY(open_folder(here.get(), next));
    // What a call made unreadable to its owner must still go.
    const FileFacts facts = TRY(facts_of(child.get()));
    if (facts.device != device) return Error(ErrorKind::denied, "a mount is in the way");
    if ((facts.mode & 0700) != 0700) TRY(change_mode(child.get(), 0700));
    levels.push_back({next, facts.inode, facts.device, TRY(remove_files(child.get()))});
    here = std::move(child);
    while (levels.back().rest.empty()) {
      const std::string done = levels.back().name;
      levels.pop_back();
      if (levels.empty()) return remove_folder(folder, name);
      UniqueFd parent = TRY(open_folder(here.get(), ".."));
      if (TRY(facts_of(parent.get())).inode != levels.back().inode)
        return Error(ErrorKind::conflict, "the tree was moved while it was removed");
      here = std::move(parent);
      TRY(remove_folder(here.get(), done));
    }
    next = levels.back().rest.back().name;
    levels.back().rest.pop_back();
  }
}

Result<void> empty_tree(int folder, const std::string& name) {
  constexpr std::size_t kMany = 10'000'000;
  const UniqueFd top = TRY(open_folder(folder, name));
  TRY(change_mode(top.get(), 0700));
  for (const FolderEntry& entry : TRY(list_folder(top.get(), kMany)))
    TRY(remove_tree(top.get(), entry.name));
  return {};
}

Result<void> lock_exclusive(int fd) {
  if (retry([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) == 0) return {};
  if (errno == EWOULDBLOCK) return Error(ErrorKind::conflict, "locked by another process");
  return failed("flock");
}

bool is_out_of_space(const Error& error) {
  return error.error_number() == ENOSPC || error.error_number() == EDQUOT;
}

Result<SpaceFacts> space_of(int fd) {
  struct statfs s{};
  if (::fstatfs(fd, &s) != 0) return failed("fstatfs");
  const auto block = static_cast<std::uint64_t>(s.f_bsize);
  return SpaceFacts{s.f_bavail * block, s.f_blocks * block};
}

Result<Pipe> make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return failed("pipe2");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<void> set_blocking(int fd, bool blocking) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return failed("fcntl");
  if (::fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK) != 0)
    return failed("fcntl");
  return {};
}

Result<void> set_pipe_size(int fd, std::size_t bytes) {
  if (::fcntl(fd, F_SETPIPE_SZ, static_cast<int>(bytes)) < 0) return failed("F_SETPIPE_SZ");
  return {};
}

Result<std::size_t> pipe_size(int fd) {
  const int bytes = ::fcntl(fd, F_GETPIPE_SZ);
  if (bytes < 0) return failed("F_GETPIPE_SZ");
  return static_cast<std::size_t>(bytes);
}

Result<UniqueFd> duplicate(int fd, int least) {
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, least);
  if (copy < 0) return failed("fcntl F_DUPFD_CLOEXEC");
  return UniqueFd(copy);
}

bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}

}  // namespace glovebox::os
