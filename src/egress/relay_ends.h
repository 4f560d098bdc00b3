// The two connections of a relay, with what came too early on each, counters and one clock of
// silence. Shared by the two directions of an exchange, which run as tasks of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "net/byte_stream.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress {

struct HttpRelayLimits {
  Duration idle = seconds(60);          // of the client, between requests: closed silently
  Duration head = seconds(10);          // from the first byte of a request to its blank line
  Duration body_silence = seconds(60);  // of the client, in the middle of a body
  Duration open = seconds(30);          // dialling, TLS included
  // Of the origin, when the client wants to be told to go on: then the body goes up all the same.
  Duration go_ahead = seconds(1);
  Duration answer_silence = seconds(300);  // of the origin, before and in an answer
  Duration tunnel_silence = seconds(600);  // of both, in a WebSocket
  Duration write = seconds(60);            // of one write that a peer does not take
  std::uint32_t requests = 1000;           // of one connection
  ByteLimit up{1 * kGiB};                  // to the origin, of one connection
  ByteLimit down{16 * kGiB};               // from the origin, of one connection
};

// One peer. Bytes that arrived and were not taken yet are at most one read, and what the taker
// left.
struct RelayEnd {
  net::StreamPtr stream;
  std::string pending;

  // The first `count` pending bytes are used up. An idle end holds no buffer.
  void take(std::size_t count);
  void close();
};

struct RelayEnds {
  RelayEnds(net::Loop& on, net::StreamPtr from, const HttpRelayLimits& with);

  net::Loop& loop;
  HttpRelayLimits limits;
  RelayEnd client;
  RelayEnd origin;
  std::string address;     // of the origin, dialled last
  std::uint64_t up = 0;    // bytes sent to the origin, of all exchanges
  std::uint64_t down = 0;  // bytes received from it
  Duration moved;          // when the last byte moved, either way

  std::uint64_t up_left() const;
  std::uint64_t down_left() const;

  // More pending bytes; false at the end of what the peer sends. Kind timeout when nothing has
  // moved in either direction for `silence`.
  net::Task<Result<bool>> receive(RelayEnd& from, Duration silence, net::Patience patience);
  net::Task<Result<void>> send(RelayEnd& to, std::string_view bytes, net::Patience patience);
};

// The content as one chunk.
std::string to_chunk(std::string_view content);
constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace glovebox::egress
