#include "os/inet.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace glovebox::os {

namespace {

constexpr int kBacklog = 1024;
constexpr int kKeepAliveIdle = 60;
constexpr int kKeepAliveInterval = 15;
constexpr int kKeepAliveProbes = 4;

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

RawAddress raw(const InetAddress& address) {
  RawAddress out;
  if (address.family == InetAddress::Family::v4) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    std::memcpy(&v4->sin_addr, address.bytes.data(), 4);
    out.size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    std::memcpy(&v6->sin6_addr, address.bytes.data(), 16);
    out.size = sizeof(sockaddr_in6);
  }
  return out;
}

// Each only makes a connection better; one that the kernel lacks changes nothing else.
void tune(int socket) {
  const auto set = [socket](int level, int name, int value) {
    (void)::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

Result<UniqueFd> make_socket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket) return failed("socket");
  return socket;
}

}  // namespace

Result<UniqueFd> start_connect(const InetAddress& to) {
  const RawAddress address = raw(to);
  UniqueFd socket = TRY(make_socket(address.storage.ss_family));
  tune(socket.get());
  int done;
  do {
    done = ::connect(socket.get(), address.get(), address.size);
  } while (done != 0 && errno == EINTR);
  if (done != 0 && errno != EINPROGRESS && errno != EALREADY) return failed("connect");
  return socket;
}

Result<void> finish_connect(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return failed("getsockopt");
  if (error != 0) return Error::from_errno(error, "connect");
  return {};
}

Result<UniqueFd> listen_tcp(const InetAddress& at) {
  const RawAddress address = raw(at);
  UniqueFd socket = TRY(make_socket(address.storage.ss_family));
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return failed("setsockopt");
  if (::bind(socket.get(), address.get(), address.size) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    if (errno == EADDRINUSE) return Error(ErrorKind::exists, "listen: the port is taken");
    return failed("listen");
  }
  return socket;
}

Result<std::uint16_t> local_port(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0)
    return failed("getsockname");
  if (storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

Result<std::optional<UniqueFd>> accept_tcp(int listener) {
  for (;;) {
    UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      tune(socket.get());
      return std::optional(std::move(socket));
    }
    if (errno == EAGAIN) return std::optional<UniqueFd>();
    if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) return failed("accept");
  }
}

Result<std::optional<std::size_t>> receive_some(int socket, char* out, std::size_t size) {
  for (;;) {
    const ssize_t got = ::recv(socket, out, size, 0);
    if (got >= 0) return std::optional(static_cast<std::size_t>(got));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return failed("recv");
  }
}

Result<std::optional<std::size_t>> send_some(int socket, std::string_view bytes) {
  for (;;) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return std::optional(static_cast<std::size_t>(sent));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return failed("send");
  }
}

Result<std::optional<std::size_t>> peek_byte(int socket, char& byte) {
  for (;;) {
    const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK);
    if (got >= 0) return std::optional(static_cast<std::size_t>(got));
    if (errno == EAGAIN) return std::optional<std::size_t>();
    if (errno != EINTR) return failed("recv");
  }
}

Waiting peek(int socket) {
  char byte;
  for (;;) {
    const ssize_t got = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) return Waiting::bytes;
    if (got == 0) return Waiting::end;
    if (errno == EAGAIN) return Waiting::nothing;
    if (errno != EINTR) return Waiting::end;
  }
}

Result<void> shut_write(int socket) {
  if (::shutdown(socket, SHUT_WR) != 0) return failed("shutdown");
  return {};
}

void shut_both(int socket) {
  (void)::shutdown(socket, SHUT_RDWR);
}

void reset_on_close(int socket) {
  const linger hard{1, 0};
  (void)::setsockopt(socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void close_in_order(int socket) {
  const linger soft{0, 0};
  (void)::setsockopt(socket, SOL_SOCKET, SO_LINGER, &soft, sizeof soft);
}

}  // namespace glovebox::os
