// The protocols that are agreed on inside TLS (RFC 7301).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/byte_stream.h"

namespace glovebox::net {

enum class Alpn : std::uint8_t { http11, h2 };

// `http/1.1`, `h2`.
std::string_view to_string(Alpn protocol);
std::optional<Alpn> parse_alpn(std::string_view text);
// As they are sent: each with its length before it.
std::string alpn_list(std::span<const Alpn> protocols);

// A TLS connection and what is spoken inside.
struct NegotiatedStream {
  StreamPtr stream;
  std::optional<Alpn> protocol;  // none: the client offered nothing, or the server answered nothing
};

}  // namespace glovebox::net
