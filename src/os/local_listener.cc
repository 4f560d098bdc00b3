#include "os/local_listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <format>
#include <string>

namespace glovebox::os {

namespace {

constexpr int kBacklog = 64;
constexpr mode_t kOwnerOnly = 0177;

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

// By the folder's descriptor: the path itself may be longer than a socket's name can be.
Result<sockaddr_un> address_of(int folder, const std::string& name) {
  const std::string path = std::format("/proc/self/fd/{}/{}", folder, name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.empty() || name.contains('/') || path.size() >= sizeof address.sun_path)
    return Error(ErrorKind::invalid, "the name of the socket");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<UniqueFd> make_socket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket");
  return socket;
}

// Whether what has the name is a socket that nobody listens on.
Result<bool> is_left_over(int folder, const std::string& name, const sockaddr_un& address) {
  struct stat facts{};
  if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return failed("fstatat");
  if (!S_ISSOCK(facts.st_mode)) return false;
  const UniqueFd probe = TRY(make_socket());
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

Result<UniqueFd> listen_local(int folder, const std::string& name) {
  const sockaddr_un address = TRY(address_of(folder, name));
  UniqueFd socket = TRY(make_socket());
  const auto bind = [&] {
    const mode_t mask = ::umask(kOwnerOnly);
    const int done =
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(mask);
    errno = error;
    return done == 0;
  };
  if (!bind()) {
    if (errno != EADDRINUSE) return failed("bind");
    if (!TRY(is_left_over(folder, name, address)))
      return Error(ErrorKind::exists, "bind: the name is taken");
    if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return failed("unlinkat");
    if (!bind()) return failed("bind");
  }
  if (::listen(socket.get(), kBacklog) != 0) return failed("listen");
  return socket;
}

}  // namespace glovebox::os
