// What a guest must not be able to do with sockets, beside connecting and sending: single system
// calls that egress's self-proof makes inside a box (cli/egress_proof_attempts.h). Each does no
// harm where it gets through: a route that is taken away is one that does not exist, a device is
// set to what it is. And what the self-proof needs to connect and send as programs do.
//
// Made by make_attempt() (attempts.h), where the ends are told. Nothing here protects anything.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "os/attempts.h"
#include "os/inet.h"

namespace glovebox::os {

// Those that need no argument.
std::span<const Attempt> network_attempts();

// With an argument: the name of a network interface of the host; `ADDRESS:PORT`, IPv4 and where
// nothing listens in a box.
extern const Attempt kBindToDevice;
extern const Attempt kConnectMultipath;  // MPTCP
extern const Attempt kConnectStreams;    // SCTP
extern const Attempt kSendLite;          // UDP-Lite

// An IPv4 address in any spelling that the C library takes: `127.1`, `0x7f000001`, `0177.0.0.1`.
// Kind invalid: none.
Result<InetAddress> address_of_spelling(const std::string& text, std::uint16_t port);

// All non-blocking. The first sends every packet of the connection by way of `by` (a loose source
// route, RFC 791); as start_connect().
Result<UniqueFd> start_routed_connect(const InetAddress& to, const InetAddress& by);
// What comes from elsewhere is not received; a port that nobody has is an error of the next call
// (ECONNREFUSED). receive_some() and send_some() work on it.
Result<UniqueFd> connect_datagrams(const InetAddress& to);
// UDP on one address; receive_datagram() and send_datagram() (capture.h) work on it. Non-blocking.
Result<UniqueFd> bind_datagrams(const InetAddress& at);

}  // namespace glovebox::os
