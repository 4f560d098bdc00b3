// Where to connect: a host name or an IP address.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "codec/cidr.h"
#include "codec/host_name.h"

namespace glovebox::codec {

using Host = std::variant<HostName, IpAddress>;

// An IPv6 address may stand in brackets. Digits and dots that are no address are an error, never a
// name.
Result<Host> parse_host(std::string_view text);

// Without brackets.
std::string to_string(const Host& host);
// For a URL or a Host field: IPv6 in brackets.
std::string to_url_host(const Host& host);
// Loopback addresses and `localhost` names.
bool is_loopback(const Host& host);

struct HostPort {
  Host host;
  std::uint16_t port;
  auto operator<=>(const HostPort&) const = default;
};

// `name:443`, `10.0.0.1:80`, `[::1]:443`. The port is needed, 1–65535.
Result<HostPort> parse_host_port(std::string_view text);
std::string to_string(const HostPort& where);

// 1–65535, decimal, no sign, no leading zero.
Result<std::uint16_t> parse_port(std::string_view text);

}  // namespace glovebox::codec
