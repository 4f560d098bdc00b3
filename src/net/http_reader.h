// HTTP/1.1 messages out of bytes that arrive in any pieces. No I/O.
//
// A reader takes one message: push() what arrived and look at what is there. It stops at the end
// of the message and says how much it took. After an error it is dead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "net/http_head.h"
#include "net/http_types.h"

namespace glovebox::net {

// Bytes up to the blank line, within a limit (kind limit).
class HeadCollector {
 public:
  explicit HeadCollector(ByteLimit limit) : limit_(limit) {}
  // How many bytes of `in` belong to the head.
  Result<std::size_t> push(std::string_view in);
  bool done() const { return done_; }
  bool empty() const { return text_.empty(); }
  // Every line with its CRLF, without the blank line.
  std::string_view text() const;
  void clear();

 private:
  ByteLimit limit_;
  std::string text_;
  bool done_ = false;
};

// The body behind a head. Content comes out decoded; chunk extensions and trailers are checked
// and dropped.
class BodyDecoder {
 public:
  BodyDecoder(Framing framing, const MessageLimits& limits);
  // How many bytes of `in` belong to the body; its content is appended to `out`.
  // Kinds: protocol, limit (the body's).
  Result<std::size_t> push(std::string_view in, std::string& out);
  // The connection ended. Kind closed if the body was not complete.
  Result<void> end();
  bool done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t { data, until_end, size_line, chunk, chunk_end, trailer, done };
  Result<bool> collect_line(std::string_view& in, std::uint64_t limit);
  Result<void> begin_chunk();
  Result<void> take_trailer();
  Result<void> admit(std::uint64_t more);

  State state_ = State::done;
  std::uint64_t left_ = 0;      // of the body, or of the chunk
  std::uint64_t admitted_ = 0;  // of the body so far
  std::uint64_t limit_;
  std::uint64_t trailer_limit_;
  std::size_t max_trailers_;
  std::size_t trailers_ = 0;
  std::string line_;
};

// One response. Interim responses (1xx) are passed over, at most 8; 101 is refused.
class ResponseReader {
 public:
  ResponseReader(const MessageLimits& limits, Asked asked);
  Result<std::size_t> push(std::string_view in);
  Result<void> end();

  const ResponseHead* head() const { return head_ ? &*head_ : nullptr; }
  bool done() const { return body_ && body_->done(); }
  // The content that arrived since the last call.
  std::string take_body();
  // The connection may be used again once the message is done.
  bool keeps_alive() const;

 private:
  MessageLimits limits_;
  Asked asked_;
  HeadCollector collector_;
  std::optional<ResponseHead> head_;
  std::optional<BodyDecoder> body_;
  std::string content_;
  Framing::Kind framing_ = Framing::Kind::none;
  int interim_ = 0;
};

// One request.
class RequestReader {
 public:
  explicit RequestReader(const MessageLimits& limits);
  Result<std::size_t> push(std::string_view in);

  bool empty() const { return !head_ && collector_.empty(); }
  const RequestHead* head() const { return head_ ? &*head_ : nullptr; }
  bool done() const { return body_ && body_->done(); }
  std::string take_body();

 private:
  MessageLimits limits_;
  HeadCollector collector_;
  std::optional<RequestHead> head_;
  std::optional<BodyDecoder> body_;
  std::string content_;
};

}  // namespace glovebox::net
