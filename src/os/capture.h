// Sockets of a network namespace in which every address is its own, so that whatever a program
// connects to is answered by whoever listens there. And what a connection or a datagram that was
// caught so was meant for.
//
// Works without CAP_NET_ADMIN over the host: only over the namespace (a user namespace of one's own
// is enough). Sources: ip-route(8) type local, ip(7) IP_PKTINFO, ipv6(7) IPV6_RECVPKTINFO.
// Errors: of the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/inet.h"

namespace glovebox::os {

// `local default dev lo`, for IPv4 and, where the kernel has it, IPv6. Loopback is up already.
Result<void> make_every_address_local();

// Gives loopback one address more, that looks like one of a network: the C library answers a
// program that wants addresses which its interfaces can use (AI_ADDRCONFIG) with none while there
// is only 127.0.0.1 and ::1. Not for a namespace of others. Kind unsupported: the kernel lacks the
// family.
Result<void> add_own_address(const InetAddress& address);

// TCP on a port of every address, of both families where the kernel has both. Non-blocking.
// Kind exists: the port is taken.
Result<UniqueFd> listen_on_every_address(std::uint16_t port);
// UDP on a port of every address of one family; receive_datagram() tells which was meant, and
// send_datagram() answers from it. Non-blocking. Kind unsupported: the kernel lacks the family.
Result<UniqueFd> bind_on_every_address(std::uint16_t port, InetAddress::Family family);

// The near end of a connection: what the peer connected to. An IPv4 address that came by way of an
// IPv6 socket is given as IPv4.
Result<InetAddress> near_end(int socket);

struct Datagram {
  InetAddress from, to;  // the port of `to` is not told: it is the socket's
  std::string bytes;
};
// nullopt: nothing waits. A longer datagram is cut to `limit` + 1 bytes, which nobody takes.
Result<std::optional<Datagram>> receive_datagram(int socket, std::size_t limit);
// From `from` to `to`. What would block is dropped, as datagrams are.
Result<void> send_datagram(int socket, const InetAddress& from, const InetAddress& to,
                           std::string_view bytes);

// Whether this namespace has the address itself: that a socket can be bound to it.
bool has_address(const InetAddress& address);

}  // namespace glovebox::os
