#include "os/capture.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace glovebox::os {

namespace {

constexpr int kBacklog = 1024;
constexpr int kLoopbackIndex = 1;  // in every network namespace (LOOPBACK_IFINDEX)

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

Result<void> switch_on(int socket, int level, int option, std::string_view name) {
  const int on = 1;
  if (::setsockopt(socket, level, option, &on, sizeof on) != 0) return failed(name);
  return {};
}

bool lacks_family(int error) {
  return error == EAFNOSUPPORT || error == EOPNOTSUPP || error == EPROTONOSUPPORT;
}

// The kernel's word on one request.
Result<void> ask_netlink(int netlink, const void* request, std::size_t size,
                         std::string_view what) {
  if (::send(netlink, request, size, 0) < 0) return failed("send to netlink");
  std::array<char, 4096> answer{};
  const ssize_t got = ::recv(netlink, answer.data(), answer.size(), 0);
  if (got < 0) return failed("receive from netlink");
  nlmsghdr header;
  nlmsgerr result;
  if (static_cast<std::size_t>(got) < sizeof header + sizeof result)
    return Error(ErrorKind::io, "netlink: a short answer");
  std::memcpy(&header, answer.data(), sizeof header);
  std::memcpy(&result, answer.data() + NLMSG_HDRLEN, sizeof result);
  if (header.nlmsg_type != NLMSG_ERROR) return Error(ErrorKind::io, "netlink: no answer");
  if (result.error == 0) return {};
  return Error::from_errno(-result.error, what);
}

Result<UniqueFd> open_netlink() {
  UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink) return failed("socket");
  return netlink;
}

constexpr unsigned short kNewThing = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

struct RouteRequest {
  nlmsghdr header{};
  rtmsg route{};
  rtattr out_attribute{};
  int out_interface = kLoopbackIndex;
};

Result<void> make_local(int netlink, int family) {
  RouteRequest request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWROUTE;
  request.header.nlmsg_flags = kNewThing;
  request.route.rtm_family = static_cast<unsigned char>(family);
  request.route.rtm_table = RT_TABLE_LOCAL;
  request.route.rtm_protocol = RTPROT_BOOT;
  request.route.rtm_scope = RT_SCOPE_HOST;
  request.route.rtm_type = RTN_LOCAL;
  request.out_attribute.rta_type = RTA_OIF;
  request.out_attribute.rta_len = RTA_LENGTH(sizeof(int));
  return ask_netlink(netlink, &request, sizeof request, "add route");
}

// Room for an address of either family; the attribute says how much of it counts.
struct AddressRequest {
  nlmsghdr header{};
  ifaddrmsg address{};
  rtattr attribute{};
  std::array<std::uint8_t, 16> bytes{};
};

struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

RawAddress raw(const InetAddress& address) {
  RawAddress out;
  if (address.family == InetAddress::Family::v4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
    return out;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
  std::memcpy(&out.storage, &v6, sizeof v6);
  out.size = sizeof v6;
  return out;
}

InetAddress v6_or_mapped(const in6_addr& address, std::uint16_t port) {
  InetAddress out;
  out.port = port;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::memcpy(out.bytes.data(), address.s6_addr + 12, 4);
    return out;
  }
  out.family = InetAddress::Family::v6;
  std::memcpy(out.bytes.data(), address.s6_addr, 16);
  return out;
}

InetAddress parsed(const RawAddress& address) {
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address.storage, sizeof v6);
    return v6_or_mapped(v6.sin6_addr, ntohs(v6.sin6_port));
  }
  sockaddr_in v4;
  std::memcpy(&v4, &address.storage, sizeof v4);
  InetAddress out;
  out.port = ntohs(v4.sin_port);
  std::memcpy(out.bytes.data(), &v4.sin_addr, 4);
  return out;
}

InetAddress any_address(InetAddress::Family family, std::uint16_t port) {
  InetAddress any;
  any.family = family;
  any.port = port;
  return any;
}

Result<UniqueFd> open_socket(int family, int type) {
  UniqueFd socket(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket) return socket;
  if (lacks_family(errno)) return Error(ErrorKind::unsupported, "socket: no such family");
  return failed("socket");
}

Result<void> bind_to(int socket, const InetAddress& address) {
  const RawAddress where = raw(address);
  if (::bind(socket, where.get(), where.size) == 0) return {};
  if (errno == EADDRINUSE) return Error(ErrorKind::exists, "bind: the port is taken");
  return failed("bind");
}

constexpr std::size_t kControlRoom =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(in_pktinfo));

struct alignas(cmsghdr) Control {
  std::array<char, kControlRoom> bytes{};
};

}  // namespace

Result<void> make_every_address_local() {
  const UniqueFd netlink = TRY(open_netlink());
  TRY(make_local(netlink.get(), AF_INET));
  const auto v6 = open_socket(AF_INET6, SOCK_DGRAM);
  if (!v6 && v6.error().kind() == ErrorKind::unsupported) return {};
  auto made = make_local(netlink.get(), AF_INET6);
  // Switched off for this interface: no program of the namespace has an address of that family.
  if (!made && made.error().error_number() == EACCES) return {};
  return made;
}

Result<void> add_own_address(const InetAddress& address) {
  const bool is_v4 = address.family == InetAddress::Family::v4;
  const std::size_t size = is_v4 ? 4 : 16;
  AddressRequest request;
  request.header.nlmsg_len = static_cast<unsigned>(sizeof request - request.bytes.size() + size);
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = kNewThing;
  request.address.ifa_family = static_cast<unsigned char>(is_v4 ? AF_INET : AF_INET6);
  request.address.ifa_prefixlen = static_cast<unsigned char>(8 * size);
  request.address.ifa_scope = RT_SCOPE_UNIVERSE;
  request.address.ifa_index = kLoopbackIndex;
  request.attribute.rta_type = IFA_LOCAL;
  request.attribute.rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
  std::copy_n(address.bytes.begin(), size, request.bytes.begin());
  const UniqueFd netlink = TRY(open_netlink());
  auto added = ask_netlink(netlink.get(), &request, request.header.nlmsg_len, "add address");
  if (!added &&
      (lacks_family(added.error().error_number()) || added.error().error_number() == EACCES))
    return Error(ErrorKind::unsupported, "add address: no such family");
  return added;
}

Result<UniqueFd> listen_on_every_address(std::uint16_t port) {
  auto family = InetAddress::Family::v6;
  auto opened = open_socket(AF_INET6, SOCK_STREAM);
  if (!opened && opened.error().kind() == ErrorKind::unsupported) {
    family = InetAddress::Family::v4;
    opened = open_socket(AF_INET, SOCK_STREAM);
  }
  UniqueFd socket = TRY(std::move(opened));
  if (family == InetAddress::Family::v6) {
    const int off = 0;
    if (::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0)
      return failed("IPV6_V6ONLY");
  }
  TRY(switch_on(socket.get(), SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR"));
  TRY(bind_to(socket.get(), any_address(family, port)));
  if (::listen(socket.get(), kBacklog) != 0) return failed("listen");
  return socket;
}

Result<UniqueFd> bind_on_every_address(std::uint16_t port, InetAddress::Family family) {
  const bool is_v4 = family == InetAddress::Family::v4;
  UniqueFd socket = TRY(open_socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM));
  if (is_v4) {
    TRY(switch_on(socket.get(), IPPROTO_IP, IP_PKTINFO, "IP_PKTINFO"));
  } else {
    TRY(switch_on(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY"));
    TRY(switch_on(socket.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, "IPV6_RECVPKTINFO"));
    // Without it the kernel refuses to answer from an address that only a route makes local.
    TRY(switch_on(socket.get(), IPPROTO_IPV6, IPV6_FREEBIND, "IPV6_FREEBIND"));
  }
  TRY(bind_to(socket.get(), any_address(family, port)));
  return socket;
}

Result<InetAddress> near_end(int socket) {
  RawAddress address;
  if (::getsockname(socket, address.get(), &address.size) != 0) return failed("getsockname");
  return parsed(address);
}

Result<std::optional<Datagram>> receive_datagram(int socket, std::size_t limit) {
  std::vector<char> buffer(limit + 1);
  Control control;
  RawAddress from;
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = from.get();
  message.msg_namelen = from.size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size;
  do {
    size = ::recvmsg(socket, &message, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return std::optional<Datagram>();
  if (size < 0) return failed("recvmsg");
  Datagram datagram;
  datagram.from = parsed(from);
  datagram.bytes.assign(buffer.data(), static_cast<std::size_t>(size));
  for (cmsghdr* part_of = CMSG_FIRSTHDR(&message); part_of != nullptr;
       part_of = CMSG_NXTHDR(&message, part_of)) {
    if (part_of->cmsg_level == IPPROTO_IP && part_of->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part_of), sizeof info);
      std::memcpy(datagram.to.bytes.data(), &info.ipi_addr, 4);
    } else if (part_of->cmsg_level == IPPROTO_IPV6 && part_of->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(part_of), sizeof info);
      datagram.to = v6_or_mapped(info.ipi6_addr, 0);
    }
  }
  return std::optional(std::move(datagram));
}

Result<void> send_datagram(int socket, const InetAddress& from, const InetAddress& to,
                           std::string_view bytes) {
  Control control;
  RawAddress where = raw(to);
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_name = where.get();
  message.msg_namelen = where.size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  if (from.family == InetAddress::Family::v4) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, from.bytes.data(), 4);
    head->cmsg_level = IPPROTO_IP;
    head->cmsg_type = IP_PKTINFO;
    head->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(head), &info, sizeof info);
    message.msg_controllen = CMSG_SPACE(sizeof info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, from.bytes.data(), 16);
    head->cmsg_level = IPPROTO_IPV6;
    head->cmsg_type = IPV6_PKTINFO;
    head->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(head), &info, sizeof info);
    message.msg_controllen = CMSG_SPACE(sizeof info);
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno != EAGAIN && errno != ECONNREFUSED) return failed("sendmsg");
  return {};
}

bool has_address(const InetAddress& address) {
  const auto socket =
      open_socket(address.family == InetAddress::Family::v4 ? AF_INET : AF_INET6, SOCK_DGRAM);
  if (!socket) return false;
  InetAddress own = address;
  own.port = 0;
  return bind_to(socket->get(), own).has_value();
}

}  // namespace glovebox::os
