#include "os/notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace glovebox::os {

Result<UniqueFd> connect_notify(std::string_view address) {
  sockaddr_un name{};
  const bool abstract = address.starts_with('@');
  if ((!abstract && !address.starts_with('/')) || address.size() < 2 ||
      address.size() >= sizeof name.sun_path)
    return Error(ErrorKind::invalid, "the notification socket has no usable address");
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, address.data(), address.size());
  if (abstract) name.sun_path[0] = '\0';
  // An abstract name is as long as it is given; a path ends with NUL.
  const auto size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (abstract ? 0 : 1));
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return Error::from_errno(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), size) != 0)
    return Error::from_errno(errno, "connect");
  return socket;
}

Result<void> send_notify(int socket, std::string_view message) {
  for (;;) {
    if (::send(socket, message.data(), message.size(), MSG_NOSIGNAL) >= 0) return {};
    if (errno == EAGAIN) return Error(ErrorKind::timeout, "send: the manager does not read");
    if (errno != EINTR) return Error::from_errno(errno, "send");
  }
}

}  // namespace glovebox::os
