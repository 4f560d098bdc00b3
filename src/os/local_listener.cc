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

#include "os/file.h"

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

Result<UniqueFd> make_socket(LocalKind kind) {
  const int type = kind == LocalKind::stream ? SOCK_STREAM : SOCK_SEQPACKET;
  UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket");
  return socket;
}

// Whether what has the name is a socket that nobody listens on.
Result<bool> is_left_over(int folder, const std::string& name, const sockaddr_un& address,
                          LocalKind kind) {
  struct stat facts{};
  if (::fstatat(folder, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return failed("fstatat");
  if (!S_ISSOCK(facts.st_mode)) return false;
  const UniqueFd probe = TRY(make_socket(kind));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

Result<UniqueFd> listen_local(int folder, const std::string& name, LocalKind kind) {
  const sockaddr_un address = TRY(address_of(folder, name));
  UniqueFd socket = TRY(make_socket(kind));
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
    if (!TRY(is_left_over(folder, name, address, kind)))
      return Error(ErrorKind::exists, "bind: the name is taken");
    if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return failed("unlinkat");
    if (!bind()) return failed("bind");
  }
  if (::listen(socket.get(), kBacklog) != 0) return failed("listen");
  return socket;
}

Result<UniqueFd> connect_local(int folder, const std::string& name, LocalKind kind) {
  const sockaddr_un address = TRY(address_of(folder, name));
  UniqueFd socket = TRY(make_socket(kind));
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
         0) {
    if (errno == EINTR) continue;
    if (errno == ECONNREFUSED) return Error(ErrorKind::closed, "connect: nobody listens");
    if (errno == EAGAIN) return Error(ErrorKind::timeout, "connect: too many wait already");
    return failed("connect");
  }
  TRY(set_blocking(socket.get(), true));
  return socket;
}

}  // namespace glovebox::os
