#include "os/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace glovebox::os {
namespace {

constexpr int kAlways = O_CLOEXEC | O_NOCTTY;
constexpr std::size_t kMaxLinkTarget = 4096;

int flags_of(BeneathOpen how) {
  switch (how) {
    case BeneathOpen::locate:
      return O_PATH;
    case BeneathOpen::locate_or_link:
      return O_PATH | O_NOFOLLOW;
    case BeneathOpen::locate_directory:
      return O_PATH | O_DIRECTORY;
    case BeneathOpen::read:
      return O_RDONLY | O_NONBLOCK;
    case BeneathOpen::read_directory:
      return O_RDONLY | O_DIRECTORY | O_NONBLOCK;
  }
  return O_PATH;
}

Error failed(std::string_view call, std::source_location where = std::source_location::current()) {
  return Error::from_errno(errno, call, where);
}

// A name that is no name must not reach the kernel as a path.
bool is_component(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

Error not_a_name() {
  return Error(ErrorKind::invalid, "not a single path component");
}

FileStatus from_stat(const struct stat& st) {
  FileStatus status;
  status.device = st.st_dev;
  status.inode = st.st_ino;
  status.size = static_cast<std::uint64_t>(st.st_size);
  status.modified = std::int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec;
  status.mode = st.st_mode & 07777u;
  status.kind = S_ISREG(st.st_mode)   ? FileStatus::Kind::regular
                : S_ISDIR(st.st_mode) ? FileStatus::Kind::directory
                : S_ISLNK(st.st_mode) ? FileStatus::Kind::link
                                      : FileStatus::Kind::other;
  return status;
}

}  // namespace

Result<UniqueFd> open_beneath(int dir, std::string_view relative, BeneathOpen how, Mounts mounts) {
  // The kernel would take the part before a NUL for the whole.
  if (relative.contains('\0')) return Error(ErrorKind::invalid, "path with a NUL");
  const std::string path(relative.empty() ? std::string_view(".") : relative);
  open_how request{};
  request.flags = static_cast<std::uint64_t>(flags_of(how) | kAlways);
  if (how != BeneathOpen::read && how != BeneathOpen::read_directory) {
    request.flags &= ~static_cast<std::uint64_t>(O_NOCTTY);  // openat2 refuses it beside O_PATH
  }
  request.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (mounts == Mounts::refuse) request.resolve |= RESOLVE_NO_XDEV;
  for (;;) {
    const long fd = ::syscall(SYS_openat2, dir, path.c_str(), &request, sizeof request);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // EAGAIN: a rename on the way made the kernel unsure whether the path stayed beneath.
    if (errno != EINTR && errno != EAGAIN) return failed("openat2");
  }
}

Result<UniqueFd> create_file_at(int dir, std::string_view name, std::uint32_t mode) {
  if (!is_component(name)) return not_a_name();
  const int fd = ::openat(dir, std::string(name).c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | kAlways, mode);
  if (fd < 0) return failed("openat");
  return UniqueFd(fd);
}

Result<FileStatus> file_status(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) return failed("fstat");
  return from_stat(st);
}

Result<FileStatus> status_at(int dir, std::string_view name) {
  if (!is_component(name)) return not_a_name();
  struct stat st{};
  if (::fstatat(dir, std::string(name).c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
    return failed("fstatat");
  }
  return from_stat(st);
}

Result<std::string> link_target(int fd) {
  std::array<char, kMaxLinkTarget> buffer;
  const ssize_t length = ::readlinkat(fd, "", buffer.data(), buffer.size());
  if (length < 0) return failed("readlinkat");
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

Result<> make_directory_at(int dir, std::string_view name, std::uint32_t mode) {
  if (!is_component(name)) return not_a_name();
  if (::mkdirat(dir, std::string(name).c_str(), mode) != 0) return failed("mkdirat");
  return {};
}

Result<> rename_at(int dir, std::string_view from, std::string_view to) {
  if (!is_component(from) || !is_component(to)) return not_a_name();
  if (::renameat(dir, std::string(from).c_str(), dir, std::string(to).c_str()) != 0) {
    return failed("renameat");
  }
  return {};
}

Result<> remove_file_at(int dir, std::string_view name) {
  if (!is_component(name)) return not_a_name();
  if (::unlinkat(dir, std::string(name).c_str(), 0) != 0) return failed("unlinkat");
  return {};
}

Result<> sync_file(int fd) {
  if (::fsync(fd) != 0) return failed("fsync");
  return {};
}

Result<std::size_t> read_some(int fd, std::span<char> into) {
  for (;;) {
    const ssize_t count = ::read(fd, into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return failed("read");
  }
}

Result<> write_whole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace glovebox::os
