// An address and port of this host alone, as a person writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/cidr.h"

namespace glovebox::cli {

struct LoopbackPort {
  codec::IpAddress address;
  std::uint16_t port = 0;  // 0: one that is free
  bool operator==(const LoopbackPort&) const = default;
};

// `127.0.0.1:9464`, `[::1]:0`. Errors: invalid; denied for an address that others can reach.
Result<LoopbackPort> parse_loopback_port(std::string_view text);

}  // namespace glovebox::cli
