#include "os/splice.h"

#include <fcntl.h>

#include <cerrno>

namespace glovebox::os {

Result<std::optional<std::size_t>> splice_some(int from, int to, std::size_t most) {
  for (;;) {
    const ssize_t moved =
        ::splice(from, nullptr, to, nullptr, most, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved >= 0) return std::optional(static_cast<std::size_t>(moved));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return Error::from_errno(errno, "splice");
  }
}

}  // namespace glovebox::os
