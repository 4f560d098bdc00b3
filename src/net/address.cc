#include "net/address.h"

#include <algorithm>

namespace glovebox::net {

os::InetAddress to_os(const codec::IpAddress& address, std::uint16_t port) {
  os::InetAddress out;
  out.family = address.is_v4() ? os::InetAddress::Family::v4 : os::InetAddress::Family::v6;
  std::ranges::copy(address.bytes(), out.bytes.begin());
  out.port = port;
  return out;
}

codec::IpAddress from_os(const os::InetAddress& address) {
  if (address.family == os::InetAddress::Family::v6) return codec::IpAddress::v6(address.bytes);
  return codec::IpAddress::v4(
      {address.bytes[0], address.bytes[1], address.bytes[2], address.bytes[3]});
}

}  // namespace glovebox::net
