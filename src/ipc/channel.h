// A connection between two roles: whole messages in order, with descriptors.
//
// A body above kInlineBody travels in a sealed memory file, which the receiver checks before it
// reads; neither side sees the difference. Whatever breaks the form is kind `protocol`: the owner
// then closes the channel, it does not try to go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::ipc {

constexpr std::size_t kInlineBody = 60 * kKiB;

struct Envelope {
  std::uint16_t type = 0;
  std::string body;
  std::vector<UniqueFd> fds;
};

class Channel {
 public:
  Channel() = default;
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

  bool open() const { return socket_.valid(); }
  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }
  UniqueFd release() { return std::move(socket_); }

  // The descriptors stay the caller's. Kind `timeout` when the peer does not read for kPatience.
  Result<void> send(std::uint16_t type, std::string_view body,
                    const std::vector<int>& fds = {}) const;
  // nullopt: the peer closed. Blocks until there is a message; poll fd() to know beforehand.
  Result<std::optional<Envelope>> receive() const;

  // For a peer that is none of ours: bodies of at most kInlineBody, in the packet itself, and
  // neither side waits. send_now: kind `timeout` when there is no room. receive_small: kind
  // `timeout` when there is no message (the socket is non-blocking), `protocol` for a body over
  // `limit`, a memory file or a descriptor.
  Result<void> send_now(std::uint16_t type, std::string_view body) const;
  Result<std::optional<Envelope>> receive_small(std::size_t limit) const;

 private:
  static constexpr milliseconds kPatience{10'000};
  UniqueFd socket_;
};

struct ChannelPair {
  Channel first;
  Channel second;
};
Result<ChannelPair> make_channel_pair();

}  // namespace glovebox::ipc
