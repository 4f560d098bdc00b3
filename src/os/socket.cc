#include "os/socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <format>

namespace glovebox::os {

namespace {
Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}
}  // namespace

Result<SocketPair> make_message_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
    return failed("socketpair");
  return SocketPair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<void> send_packet(int socket, std::string_view bytes, const std::vector<int>& fds,
                         milliseconds patience) {
  if (fds.size() > kMaxPacketFds) return Error(ErrorKind::limit, "too many descriptors");
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxPacketFds)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  for (;;) {
    if (::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno == ECONNRESET || errno == EPIPE || errno == ENOTCONN)
      return Error(ErrorKind::closed, "sendmsg: the peer is gone");
    if (errno != EAGAIN) return failed("sendmsg");
    pollfd wait{socket, POLLOUT, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(patience.count()));
    if (ready == 0) return Error(ErrorKind::timeout, "sendmsg: the peer does not read");
    if (ready < 0 && errno != EINTR) return failed("poll");
  }
}

Result<std::optional<Packet>> receive_packet(int socket, std::size_t limit) {
  Packet packet;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxPacketFds)> control{};
  iovec part{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  // Most packets are small: room for a large one is not filled with zeros first.
  packet.bytes.resize_and_overwrite(limit, [&](char* room, std::size_t size) {
    part = {room, size};
    do {
      got = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  });
  if (got < 0) {
    if (errno == EAGAIN) return Error(ErrorKind::timeout, "recvmsg: nothing to read");
    if (errno == ECONNRESET) return std::optional<Packet>{};
    return failed("recvmsg");
  }
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::array<int, kMaxPacketFds> numbers{};
    std::memcpy(numbers.data(), CMSG_DATA(header), sizeof(int) * std::min(count, numbers.size()));
    for (std::size_t i = 0; i < std::min(count, numbers.size()); ++i)
      packet.fds.emplace_back(numbers[i]);
  }
  if ((message.msg_flags & MSG_TRUNC) != 0)
    return Error(ErrorKind::protocol, std::format("packet longer than {} bytes", limit));
  if ((message.msg_flags & MSG_CTRUNC) != 0)
    return Error(ErrorKind::protocol, "packet with too many descriptors");
  if (got == 0) return std::optional<Packet>{};
  return std::optional<Packet>(std::move(packet));
}

void stop_sending(int socket) {
  ::shutdown(socket, SHUT_WR);
}

Result<PeerFacts> peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0)
    return failed("getsockopt SO_PEERCRED");
  return PeerFacts{credentials.pid, credentials.uid};
}

}  // namespace glovebox::os
