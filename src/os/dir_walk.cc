#include "os/dir_walk.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace glovebox::os {
namespace {

// struct linux_dirent64 (getdents64(2)): ino 8, off 8, reclen 2, type 1, then the name.
constexpr std::size_t kLengthAt = 16;
constexpr std::size_t kTypeAt = 18;
constexpr std::size_t kNameAt = 19;

EntryKind kind_of(unsigned char type) {
  switch (type) {
    case DT_REG:
      return EntryKind::regular;
    case DT_DIR:
      return EntryKind::directory;
    case DT_LNK:
      return EntryKind::link;
    case DT_UNKNOWN:
      return EntryKind::unknown;
    default:
      return EntryKind::other;
  }
}

}  // namespace

Result<std::optional<DirectoryEntry>> DirectoryReader::next() {
  for (;;) {
    if (position_ >= filled_) {
      const long count = ::syscall(SYS_getdents64, fd_, buffer_.data(), buffer_.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return Error::from_errno(errno, "getdents64");
      if (count == 0) return std::optional<DirectoryEntry>();
      filled_ = static_cast<std::size_t>(count);
      position_ = 0;
    }
    const char* record = buffer_.data() + position_;
    std::uint16_t length = 0;
    std::memcpy(&length, record + kLengthAt, sizeof length);
    if (length <= kNameAt || length > filled_ - position_) {
      return Error(ErrorKind::io, "getdents64: a record of impossible length");
    }
    position_ += length;
    const std::string_view name(record + kNameAt, ::strnlen(record + kNameAt, length - kNameAt));
    if (name == "." || name == "..") continue;
    return std::optional(
        DirectoryEntry{name, kind_of(static_cast<unsigned char>(record[kTypeAt]))});
  }
}

}  // namespace glovebox::os
