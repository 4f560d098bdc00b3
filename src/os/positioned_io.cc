#include "os/positioned_io.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace glovebox::os {

Result<std::size_t> read_into_at(int fd, std::uint64_t offset, std::span<char> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::from_errno(errno, "pread");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> write_at(int fd, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Error::from_errno(errno, "pwrite");
    if (sent == 0) return Error::from_errno(EIO, "pwrite");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    offset += static_cast<std::uint64_t>(sent);
  }
  return {};
}

Result<void> drop_cache(int fd, std::uint64_t offset, std::uint64_t size) {
  const int failed = ::posix_fadvise(fd, static_cast<off_t>(offset), static_cast<off_t>(size),
                                     POSIX_FADV_DONTNEED);
  if (failed != 0) return Error::from_errno(failed, "posix_fadvise");
  return {};
}

std::uint32_t page_size() {
  return static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE));
}

Error out_of_space(std::string_view what) {
  return Error::from_errno(ENOSPC, what);
}

}  // namespace glovebox::os
