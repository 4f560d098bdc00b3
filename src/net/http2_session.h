// HTTP/2 (RFC 9113): bytes in, streams out, and the other way round, as server or client, by
// nghttp2. No I/O; time is what the caller says it is.
//
// Every limit that nghttp2 has is set, and more than it counts is counted here: a peer that resets
// streams, asks for acknowledgements or sends frames that carry nothing, faster than a program
// needs to, is told so by GOAWAY (ENHANCE_YOUR_CALM) and that was it. Push is refused, priorities
// are ignored. What is received and not consumed is bounded by the windows, what is to be sent by
// whoever calls write(). Memory of nghttp2 is bounded, and zeroed when it is given back: heads that
// are sent may hold credentials.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "net/http_types.h"

namespace glovebox::net {

enum class Http2Role : std::uint8_t { server, client };
enum class Http2Ends : std::uint8_t { no, yes };  // whether nothing follows on the stream
using Http2StreamId = std::int32_t;

// Error codes (RFC 9113 §7); others exist and are kept as numbers.
enum class Http2Code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  refused_stream = 7,
  cancel = 8,
  enhance_your_calm = 11,
};

struct Http2Limits {
  std::uint32_t streams = 100;  // open at once
  // Of a head or trailers: names, values and 32 bytes for each field (RFC 9113 §6.5.2).
  ByteLimit head{16 * kKiB};
  std::size_t fields = 64;
  // What a peer may send before somebody takes it.
  std::uint32_t stream_window = 64 * kKiB;
  std::uint32_t connection_window = 1 * kMiB;
  ByteLimit memory{4 * kMiB};  // of nghttp2, for one connection
};

inline constexpr std::uint32_t kHpackTable = 4 * kKiB;  // each way
inline constexpr std::size_t kMaxContinuations = 8;     // of one head
inline constexpr std::size_t kMaxSettings = 32;         // in one frame
inline constexpr std::size_t kMaxQueuedAcks = 100;      // of PING and SETTINGS, not yet sent
inline constexpr std::size_t kMaxSentHeadBlock = 128 * kKiB;
inline constexpr std::size_t kMaxHeadsWaiting = 8;  // of one answer: interim ones, not yet taken
// Streams that end before they are answered, by whoever's fault.
inline constexpr double kResetBurst = 200, kResetsPerSecond = 33;
// PING, SETTINGS, PRIORITY, empty DATA and heads on closed streams; one is free behind each frame
// that carried something. What nghttp2 skips (unknown frames, DATA on closed streams) is not
// counted: it costs what its bytes cost.
inline constexpr double kQuietBurst = 1000, kQuietPerSecond = 100;
inline constexpr double kWindowBurst = 100'000, kWindowsPerSecond = 20'000;  // WINDOW_UPDATE

// One field to send; names in small letters. `never`: in no table of the peer's, for credentials.
struct Http2Field {
  enum class Indexed : std::uint8_t { may_be, never };
  std::string_view name, value;
  Indexed indexed = Indexed::may_be;
};

// One stream: what came and was not taken yet, and how it stands.
struct Http2Stream {
  enum class HeadSize : std::uint8_t { fits, too_large };
  enum class State : std::uint8_t { open, closed };
  // Pseudo fields first. One of a request; of an answer interim ones, and the last.
  std::vector<Fields> heads;
  HeadSize head_size = HeadSize::fits;  // too_large: a head or trailers are cut off at the limit
  std::string body;
  std::optional<Fields> trailers;
  Http2Ends ended = Http2Ends::no;   // the peer has said everything
  State state = State::open;         // closed: nothing more comes and nothing can be sent
  std::optional<Http2Code> reset{};  // closed before both sides had said everything
};

// A request whose head breaks RFC 9113 §8: its stream was reset, nobody gets to see it.
struct Http2Malformed {
  std::string method;  // as it was given, if it was; at most 32 bytes
};

class Http2Session {
 public:
  // Kind internal: out of memory.
  static Result<Http2Session> make(Http2Role role, const Http2Limits& limits);
  ~Http2Session();
  Http2Session(Http2Session&&) noexcept;
  Http2Session& operator=(Http2Session&&) noexcept;

  // What arrived at `now` (monotonic). After an error the session is dead but for pull(), which
  // still gives what tells the peer. Kinds: protocol, limit (a flood, memory).
  Result<void> push(std::string_view in, Duration now);
  // Whole frames to send now, about so many bytes; empty: nothing. May hold credentials.
  std::string pull(std::size_t about);
  // Why the session is dead: by push(), or by something that pull() has just told the peer.
  const std::optional<Error>& failure() const;
  // Nothing will be received or sent any more.
  bool is_over() const;
  // The number of the head that has begun and is not complete; they are counted from 1.
  std::optional<std::uint64_t> open_head() const;
  // Frames that wait to be sent, beside DATA.
  std::size_t queued() const;

  // Server: the next stream whose request head is complete, in order. It may be closed already.
  std::optional<Http2StreamId> next_request();
  std::optional<Http2Malformed> next_malformed();
  // Streams on which something came, something was sent, or which were closed since the last call.
  std::vector<Http2StreamId> take_changed();
  // Null: there is none, or it was forgotten. The caller takes heads, body and trailers out of it.
  Http2Stream* find(Http2StreamId id);
  // Streams that were not forgotten.
  std::size_t streams() const;
  // So many bytes of a body are used up: the peer may send as many again.
  void consume(Http2StreamId id, std::size_t count);
  // Nobody asks for it any more. Is reset with CANCEL if it is open.
  void forget(Http2StreamId id);

  // Client: the server takes requests, now or when others are over.
  bool is_alive() const;
  // Client: whether a request may be begun now.
  bool takes_requests() const;
  // Client. Kinds: closed (takes_requests() is false), limit (memory).
  Result<Http2StreamId> request(std::span<const Http2Field> head, Http2Ends ends);
  // Server: a head, interim (1xx, `ends` no) or final, once. Kinds: closed, limit (memory).
  Result<void> answer(Http2StreamId id, std::span<const Http2Field> head, Http2Ends ends);
  // Behind a head that does not end the stream. Kind closed: the stream is not open.
  Result<void> write(Http2StreamId id, std::string_view content, Http2Ends ends);
  // In place of the end.
  Result<void> write_trailers(Http2StreamId id, std::span<const Http2Field> trailers);
  // What of write() was not given to pull() yet; the end counts as one byte.
  std::size_t unsent(Http2StreamId id) const;
  void reset(Http2StreamId id, Http2Code code);
  // Orderly: no new streams, those that are open go on.
  void go_away();

 private:
  struct State;
  explicit Http2Session(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace glovebox::net
