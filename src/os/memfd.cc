#include "os/memfd.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "os/file.h"

namespace glovebox::os {

namespace {
constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
}

Result<UniqueFd> make_memfd(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return Error::from_errno(errno, "memfd_create");
  return UniqueFd(fd);
}

Result<UniqueFd> fixed_memfd(const char* name, std::uint64_t size) {
  UniqueFd fd = TRY(make_memfd(name));
  TRY(truncate(fd.get(), size));
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return Error::from_errno(errno, "fcntl F_ADD_SEALS");
  return fd;
}

Result<UniqueFd> sealed_memfd(const char* name, std::string_view bytes) {
  UniqueFd fd = TRY(make_memfd(name));
  TRY(write_all(fd.get(), bytes));
  TRY(seek_start(fd.get()));
  if (::fcntl(fd.get(), F_ADD_SEALS, kSeals | F_SEAL_SEAL) != 0)
    return Error::from_errno(errno, "fcntl F_ADD_SEALS");
  return fd;
}

Result<std::uint64_t> sealed_size(int fd) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals)
    return Error(ErrorKind::protocol, "memory file without seals");
  return TRY(facts_of(fd)).size;
}

Result<std::string> read_sealed_memfd(int fd, std::uint64_t limit) {
  const std::uint64_t size = TRY(sealed_size(fd));
  if (size > limit) return Error(ErrorKind::limit, "memory file too large");
  return read_at(fd, 0, size);
}

}  // namespace glovebox::os
