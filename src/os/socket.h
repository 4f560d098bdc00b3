// Message sockets between our own processes: SOCK_SEQPACKET pairs that carry bytes and descriptors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::os {

constexpr std::size_t kMaxPacketFds = 40;  // the sockets of a box's network are most

struct SocketPair {
  UniqueFd first;
  UniqueFd second;
};
Result<SocketPair> make_message_pair();

struct Packet {
  std::string bytes;
  std::vector<UniqueFd> fds;
};
// Kind `closed` when the peer is gone; kind `timeout` when it does not read for so long.
Result<void> send_packet(int socket, std::string_view bytes, const std::vector<int>& fds,
                         milliseconds patience);
// The next packet of at most `limit` bytes; nullopt when the peer closed. A longer packet, or more
// than kMaxPacketFds descriptors, is kind `protocol`. Blocks unless the socket is non-blocking,
// where nothing to read is kind `timeout`.
Result<std::optional<Packet>> receive_packet(int socket, std::size_t limit);

// The peer reads to the end; it may still send.
void stop_sending(int socket);

struct PeerFacts {
  int pid = 0;
  std::uint32_t uid = 0;
};
Result<PeerFacts> peer_of(int socket);

}  // namespace glovebox::os
