#include "codec/host.h"

#include <algorithm>
#include <charconv>
#include <format>

namespace glovebox::codec {

Result<Host> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']')) return Error(ErrorKind::invalid, "bracket without its pair");
    const IpAddress address = TRY(IpAddress::parse(text.substr(1, text.size() - 2)));
    if (address.is_v4()) return Error(ErrorKind::invalid, "IPv4 address in brackets");
    return Host(address);
  }
  // Digits and dots alone must be an address: HostName refuses a last label that is a number.
  if (Result<IpAddress> address = IpAddress::parse(text)) return Host(*address);
  if (text.contains(':')) return Error(ErrorKind::invalid, "neither a host name nor an IP address");
  return Host(TRY(HostName::parse(text)));
}

std::string to_string(const Host& host) {
  if (const HostName* name = std::get_if<HostName>(&host)) return name->str();
  return std::get<IpAddress>(host).to_string();
}

std::string to_url_host(const Host& host) {
  const IpAddress* address = std::get_if<IpAddress>(&host);
  return address != nullptr && address->is_v6() ? std::format("[{}]", to_string(host))
                                                : to_string(host);
}

bool is_loopback(const Host& host) {
  if (const HostName* name = std::get_if<HostName>(&host)) return name->is_localhost();
  return std::get<IpAddress>(host).is_loopback();
}

Result<std::uint16_t> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text[0] == '0' || failure != std::errc() ||
      end != text.data() + text.size() || value > 65535)
    return Error(ErrorKind::invalid, "port is not a number from 1 to 65535");
  return static_cast<std::uint16_t>(value);
}

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Error(ErrorKind::invalid, "no port");
  const std::string_view host = text.substr(0, colon);
  if (host.contains(':') && !host.starts_with('['))
    return Error(ErrorKind::invalid, "IPv6 address with a port needs brackets");
  return HostPort{TRY(parse_host(host)), TRY(parse_port(text.substr(colon + 1)))};
}

std::string to_string(const HostPort& where) {
  return std::format("{}:{}", to_url_host(where.host), where.port);
}

}  // namespace glovebox::codec
