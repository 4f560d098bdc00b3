// TCP sockets, always non-blocking and close-on-exec; what would block is said, never waited for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

struct InetAddress {
  enum class Family : std::uint8_t { v4, v6 };
  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};  // the first 4 for v4
  std::uint16_t port = 0;
};

// Begins to connect. Wait until the socket is writable, then ask finish_connect(). Delays of small
// writes are off and dead peers are probed for (TCP_NODELAY, SO_KEEPALIVE).
Result<UniqueFd> start_connect(const InetAddress& to);
Result<void> finish_connect(int socket);

// Kind exists: the port is taken.
Result<UniqueFd> listen_tcp(const InetAddress& at);
Result<std::uint16_t> local_port(int socket);
// nullopt: nobody waits. Connections that died before they were accepted are passed over.
Result<std::optional<UniqueFd>> accept_tcp(int listener);

// nullopt: would block. 0: the peer's end.
Result<std::optional<std::size_t>> receive_some(int socket, char* out, std::size_t size);
Result<std::optional<std::size_t>> send_some(int socket, std::string_view bytes);
// What waits to be read, without taking it.
// The first byte of it, left where it is. nullopt: nothing yet. 0: the peer's end.
Result<std::optional<std::size_t>> peek_byte(int socket, char& byte);
enum class Waiting : std::uint8_t { nothing, bytes, end };
Waiting peek(int socket);

Result<void> shut_write(int socket);
// Both ways, at once: the peer sees the end.
void shut_both(int socket);
// Closing it will send a reset, whatever is left unsent.
void reset_on_close(int socket);
// The other way round: what is left is sent first.
void close_in_order(int socket);

}  // namespace glovebox::os
