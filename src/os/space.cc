#include "os/space.h"

#include <sys/statfs.h>

#include <cerrno>
#include <cstdint>
#include <limits>

namespace glovebox::os {

Result<std::uint64_t> free_names(int fd) {
  struct statfs facts{};
  if (::fstatfs(fd, &facts) != 0) return Error::from_errno(errno, "fstatfs");
  // A file system without a number says that it has none at all.
  if (facts.f_files == 0) return std::numeric_limits<std::uint64_t>::max();
  return facts.f_ffree;
}

}  // namespace glovebox::os
