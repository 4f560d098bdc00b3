#include "os/network_attempts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace glovebox::os {

namespace {

constexpr int kNotMade = 254;  // as in attempts.cc
constexpr int kProtocolSctp = 132, kProtocolUdpLite = 136, kProtocolMptcp = 262;
constexpr int kNetlinkSockDiag = 4, kNetlinkNetfilter = 12, kNetlinkUevent = 15,
              kNetlinkGeneric = 16;
constexpr int kFamilyXdp = 44, kFamilyQrtr = 42, kFamilyTipc = 30, kFamilyCan = 29,
              kFamilyBluetooth = 31;

constexpr std::array kNoFamily = {EAFNOSUPPORT, EPERM};
constexpr std::array kNoProtocol = {EAFNOSUPPORT, EPERM,        EPROTONOSUPPORT, ESOCKTNOSUPPORT,
                                    EPROTOTYPE,   EACCES,       ECONNREFUSED,    ENETUNREACH,
                                    EHOSTUNREACH, EADDRNOTAVAIL};
constexpr std::array kForbidden = {EPERM, ENOSYS, EACCES, EAFNOSUPPORT};
constexpr std::array kNoMore = {ENOSPC, EPERM, ENOSYS};
constexpr std::array kNoDevice = {ENODEV, EPERM};
constexpr std::array kNotThere = {ENOENT, EACCES, EPERM, ENODEV, ENXIO};

int told(long result) {
  return result == -1 ? errno : 0;
}

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

int socket_of(int family, int type, int protocol) {
  return told(::socket(family, type | SOCK_CLOEXEC, protocol));
}

sockaddr_in raw_v4(const InetAddress& address) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
  return v4;
}

std::optional<sockaddr_in> parse_v4(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &v4.sin_addr) != 1) return std::nullopt;
  return v4;
}

// Connects there by a protocol, and sends a byte: a datagram's refusal is told by the second one.
int reach(int type, int protocol, const std::string& where) {
  const auto to = parse_v4(where);
  if (!to) return kNotMade;
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, protocol);
  if (fd < 0) return errno;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&*to), sizeof *to) != 0) return errno;
  if (::send(fd, "x", 1, MSG_NOSIGNAL) < 0) return errno;
  return told(::send(fd, "x", 1, MSG_NOSIGNAL));
}

// The kernel's word on one request over a route socket: ESRCH and ENOENT show that it was heard.
template <class Request>
int ask_route(const Request& request) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return errno;
  if (::send(fd, &request, sizeof request, 0) < 0) return errno;
  std::array<char, 4096> answer{};
  const ssize_t got = ::recv(fd, answer.data(), answer.size(), 0);
  nlmsghdr header;
  nlmsgerr result;
  if (got < static_cast<ssize_t>(sizeof header + sizeof result)) return kNotMade;
  std::memcpy(&header, answer.data(), sizeof header);
  std::memcpy(&result, answer.data() + NLMSG_HDRLEN, sizeof result);
  if (header.nlmsg_type != NLMSG_ERROR) return kNotMade;
  return result.error == -ESRCH || result.error == -ENOENT ? 0 : -result.error;
}

// Of 198.51.100.77 alone (RFC 5737) in a table that nobody has.
int drop_route(const std::string&) {
  struct {
    nlmsghdr header{};
    rtmsg route{};
    rtattr attribute{};
    std::array<std::uint8_t, 4> to = {198, 51, 100, 77};
  } request;
  constexpr unsigned char kNobodysTable = 251;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_DELROUTE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.route.rtm_family = AF_INET;
  request.route.rtm_dst_len = 32;
  request.route.rtm_table = kNobodysTable;
  request.attribute.rta_type = RTA_DST;
  request.attribute.rta_len = RTA_LENGTH(4);
  return ask_route(request);
}

// Loopback to be as it is: no flag is named to be changed.
int set_link(const std::string&) {
  struct {
    nlmsghdr header{};
    ifinfomsg link{};
  } request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.link.ifi_family = AF_UNSPEC;
  request.link.ifi_index = 1;
  return ask_route(request);
}

int set_flags(const std::string&) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof "lo");
  if (::ioctl(fd, SIOCGIFFLAGS, &request) != 0) return errno;
  return told(::ioctl(fd, SIOCSIFFLAGS, &request));
}

// The mark by which a host's own rules let traffic pass.
int mark_packets(const std::string&) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int mark = 1;
  if (fd < 0) return errno;
  return told(::setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark));
}

int be_transparent(const std::string&) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd < 0) return errno;
  return told(::setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof on));
}

int bind_to_device(const std::string& device) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  return told(::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.c_str(),
                           static_cast<socklen_t>(device.size() + 1)));
}

int reach_hypervisor(const std::string&) {
  const int fd = ::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  sockaddr_vm host{};
  host.svm_family = AF_VSOCK;
  host.svm_cid = VMADDR_CID_HOST;
  host.svm_port = 1;
  (void)::connect(fd, reinterpret_cast<const sockaddr*>(&host), sizeof host);
  return 0;  // the socket alone is a way
}

// Sockets by a ring would pass the filter by.
int make_ring(const std::string&) {
  char parameters[256] = {};
  return told(::syscall(SYS_io_uring_setup, 4, parameters));
}

int enter_network_of_first(const std::string&) {
  const int fd = ::open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  return told(::setns(fd, CLONE_NEWNET));
}

// A descriptor that came with the program and is a socket: of its network, or of another.
int hold_socket(const std::string&) {
  constexpr int kMostLooked = 1024;
  for (int fd = 0; fd < kMostLooked; ++fd) {
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0) return 0;
  }
  return ENOENT;
}

constexpr Attempt kNetworkAttempts[] = {
    {"raw-ipv4", "a raw socket",
     [](const std::string&) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_RAW); }, kNoProtocol},
    {"raw-icmp", "a raw socket for ICMP",
     [](const std::string&) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }, kNoProtocol},
    {"ping", "a socket for echo requests",
     [](const std::string&) { return socket_of(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }, kNoProtocol},
    {"raw-ipv6", "a raw socket over IPv6",
     [](const std::string&) { return socket_of(AF_INET6, SOCK_RAW, IPPROTO_RAW); }, kNoProtocol},
    {"packet", "a packet socket",
     [](const std::string&) { return socket_of(AF_PACKET, SOCK_RAW, 0); }, kNoFamily},
    {"packet-cooked", "a packet socket without heads",
     [](const std::string&) { return socket_of(AF_PACKET, SOCK_DGRAM, 0); }, kNoFamily},
    {"xdp", "a socket to a device's queue",
     [](const std::string&) { return socket_of(kFamilyXdp, SOCK_RAW, 0); }, kNoFamily},
    {"vsock", "a socket to the hypervisor", reach_hypervisor, kNoFamily},
    {"qrtr", "a socket to other processors",
     [](const std::string&) { return socket_of(kFamilyQrtr, SOCK_DGRAM, 0); }, kNoFamily},
    {"tipc", "a socket to a cluster",
     [](const std::string&) { return socket_of(kFamilyTipc, SOCK_RDM, 0); }, kNoFamily},
    {"can", "a socket to a vehicle's bus",
     [](const std::string&) { return socket_of(kFamilyCan, SOCK_RAW, 1); }, kNoFamily},
    {"bluetooth", "a Bluetooth socket",
     [](const std::string&) { return socket_of(kFamilyBluetooth, SOCK_RAW, 1); }, kNoFamily},
    {"netfilter", "the packet filter's netlink",
     [](const std::string&) { return socket_of(AF_NETLINK, SOCK_RAW, kNetlinkNetfilter); },
     kNoFamily},
    {"sock-diag", "the list of all sockets",
     [](const std::string&) { return socket_of(AF_NETLINK, SOCK_RAW, kNetlinkSockDiag); },
     kNoFamily},
    {"generic-netlink", "generic netlink (WireGuard, 802.11)",
     [](const std::string&) { return socket_of(AF_NETLINK, SOCK_RAW, kNetlinkGeneric); },
     kNoFamily},
    {"uevent", "events of the host's devices",
     [](const std::string&) { return socket_of(AF_NETLINK, SOCK_RAW, kNetlinkUevent); }, kNoFamily},
    {"route-change", "change a route by netlink", drop_route, kForbidden},
    {"link-change", "change loopback by netlink", set_link, kForbidden},
    {"link-flags", "change loopback by ioctl", set_flags, kForbidden},
    {"mark", "mark packets for the host's rules", mark_packets, kForbidden},
    {"transparent", "listen on addresses of others", be_transparent, kForbidden},
    {"io-uring", "sockets by io_uring", make_ring, kForbidden},
    {"new-network", "a network namespace of its own",
     [](const std::string&) { return told(::unshare(CLONE_NEWNET)); }, kNoMore},
    {"new-user", "a user namespace, to own a network with",
     [](const std::string&) { return told(::unshare(CLONE_NEWUSER)); }, kNoMore},
    {"other-network", "the network of the first process", enter_network_of_first, kNotThere},
    {"tun", "a device of its own",
     [](const std::string&) { return told(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)); },
     kNotThere},
    {"held-socket", "a socket that it was started with", hold_socket, kNotThere},
};

}  // namespace

const Attempt kBindToDevice{"bind-to-device", "bind to an interface of the host", bind_to_device,
                            kNoDevice};
const Attempt kConnectMultipath{
    "mptcp", "connect over several paths",
    [](const std::string& where) { return reach(SOCK_STREAM, kProtocolMptcp, where); },
    kNoProtocol};
const Attempt kConnectStreams{
    "sctp", "connect by SCTP",
    [](const std::string& where) { return reach(SOCK_STREAM, kProtocolSctp, where); }, kNoProtocol};
const Attempt kSendLite{
    "udp-lite", "send by UDP-Lite",
    [](const std::string& where) { return reach(SOCK_DGRAM, kProtocolUdpLite, where); },
    kNoProtocol};

std::span<const Attempt> network_attempts() {
  return kNetworkAttempts;
}

Result<InetAddress> address_of_spelling(const std::string& text, std::uint16_t port) {
  in_addr found{};
  if (::inet_aton(text.c_str(), &found) == 0)
    return Error(ErrorKind::invalid, "no spelling of an IPv4 address");
  InetAddress address;
  address.port = port;
  std::memcpy(address.bytes.data(), &found, 4);
  return address;
}

Result<UniqueFd> start_routed_connect(const InetAddress& to, const InetAddress& by) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket");
  // No operation first, so that the pointer's words are aligned.
  constexpr std::uint8_t kLength = 7, kFirst = 4;
  std::array<std::uint8_t, 8> option = {IPOPT_NOP, IPOPT_LSRR, kLength, kFirst};
  std::copy_n(by.bytes.begin(), 4, option.begin() + 4);
  if (::setsockopt(socket.get(), IPPROTO_IP, IP_OPTIONS, option.data(), option.size()) != 0)
    return failed("IP_OPTIONS");
  const sockaddr_in where = raw_v4(to);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 &&
      errno != EINPROGRESS)
    return failed("connect");
  return socket;
}

namespace {

using Begin = int (*)(int, const sockaddr*, socklen_t);

// A datagram socket, connected or bound.
Result<UniqueFd> open_datagrams(const InetAddress& address, Begin begin, std::string_view what) {
  const bool is_v4 = address.family == InetAddress::Family::v4;
  UniqueFd socket(
      ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed("socket");
  const sockaddr_in v4 = raw_v4(address);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  std::memcpy(&v6.sin6_addr, address.bytes.data(), sizeof v6.sin6_addr);
  const int done = is_v4 ? begin(socket.get(), reinterpret_cast<const sockaddr*>(&v4), sizeof v4)
                         : begin(socket.get(), reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  if (done != 0) return failed(what);
  return socket;
}

}  // namespace

Result<UniqueFd> connect_datagrams(const InetAddress& to) {
  return open_datagrams(to, ::connect, "connect");
}

Result<UniqueFd> bind_datagrams(const InetAddress& at) {
  return open_datagrams(at, ::bind, "bind");
}

}  // namespace glovebox::os
