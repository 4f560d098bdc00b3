#include "cli/loopback_port.h"

#include <charconv>
#include <cstddef>
#include <format>
#include <string>
#include <system_error>

namespace glovebox::cli {

Result<LoopbackPort> parse_loopback_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return Error(ErrorKind::invalid, "ADDRESS:PORT, such as 127.0.0.1:9464");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size())
    return Error(ErrorKind::invalid, "the port is a number up to 65535");
  codec::IpAddress address = TRY(codec::IpAddress::parse(host));
  if (!address.is_loopback())
    return Error(ErrorKind::denied, std::format("{} is not a loopback address", host));
  return LoopbackPort{address, port};
}

}  // namespace glovebox::cli
