// Addresses as the formats have them and as sockets do.
#pragma once

#include <cstdint>

#include "codec/cidr.h"
#include "os/inet.h"

namespace glovebox::net {

os::InetAddress to_os(const codec::IpAddress& address, std::uint16_t port);
codec::IpAddress from_os(const os::InetAddress& address);

}  // namespace glovebox::net
