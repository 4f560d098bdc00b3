#include "net/http_reader.h"

#include <algorithm>
#include <format>
#include <utility>

#include "codec/http_head.h"

namespace glovebox::net {

namespace {

constexpr int kMaxInterim = 8;
constexpr std::uint64_t kMaxChunkLine = 256;
constexpr std::size_t kMaxChunkDigits = 15;

Error broken(std::string_view what) {
  return Error(ErrorKind::protocol, std::string(what));
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<std::size_t> HeadCollector::push(std::string_view in) {
  std::size_t used = 0;
  while (used < in.size() && !done_) {
    const char c = in[used++];
    if (text_.size() == limit_.bytes())
      return Error(ErrorKind::limit,
                   std::format("the message head is longer than {} bytes", limit_.bytes()));
    // A lone CR or LF, and NUL, are seen at once: what comes after them means different things to
    // different readers.
    const bool after_cr = text_.ends_with('\r');
    if ((c == '\n') != after_cr) return broken("a line of the head does not end in CRLF");
    if (c == '\0') return broken("a zero byte in the head");
    text_.push_back(c);
    done_ = c == '\n' && (text_.size() == 2 || text_.ends_with("\r\n\r\n"));
  }
  return used;
}

std::string_view HeadCollector::text() const {
  return std::string_view(text_).substr(0, text_.size() - 2);
}

void HeadCollector::clear() {
  text_ = std::string();
  done_ = false;
}

BodyDecoder::BodyDecoder(Framing framing, const MessageLimits& limits)
    : limit_(limits.body.bytes()),
      trailer_limit_(limits.head.bytes()),
      max_trailers_(limits.fields) {
  switch (framing.kind) {
    case Framing::Kind::none:
      break;
    case Framing::Kind::length:
      left_ = framing.length;
      state_ = left_ == 0 ? State::done : State::data;
      break;
    case Framing::Kind::chunked:
      state_ = State::size_line;
      break;
    case Framing::Kind::until_end:
      state_ = State::until_end;
      break;
  }
}

Result<void> BodyDecoder::admit(std::uint64_t more) {
  if (more > limit_ - admitted_)
    return Error(ErrorKind::limit, std::format("the body is longer than {} bytes", limit_));
  admitted_ += more;
  return {};
}

// True once line_ holds a whole line, without its end.
Result<bool> BodyDecoder::collect_line(std::string_view& in, std::uint64_t limit) {
  while (!in.empty()) {
    const char c = in.front();
    in.remove_prefix(1);
    const bool after_cr = line_.ends_with('\r');
    if ((c == '\n') != after_cr) return broken("a line of a chunked body does not end in CRLF");
    if (c == '\n') {
      line_.pop_back();
      return true;
    }
    if (line_.size() >= limit)
      return Error(ErrorKind::limit, "a line of a chunked body is too long");
    line_.push_back(c);
  }
  return false;
}

Result<void> BodyDecoder::begin_chunk() {
  const std::string line = std::exchange(line_, {});
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < line.size() && hex_value(line[digits]) >= 0) {
    if (digits == kMaxChunkDigits) return broken("chunk size has too many digits");
    size = size * 16 + static_cast<std::uint64_t>(hex_value(line[digits++]));
  }
  if (digits == 0) return broken("chunk without a size");
  const std::string_view extension = std::string_view(line).substr(digits);
  const std::size_t start = extension.find_first_not_of(" \t");
  if (!extension.empty() && (start == std::string_view::npos || extension[start] != ';'))
    return broken("chunk size is not a number");
  for (const char c : extension)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f)
      return broken("control byte in a chunk extension");
  TRY(admit(size));
  left_ = size;
  state_ = size == 0 ? State::trailer : State::chunk;
  return {};
}

Result<void> BodyDecoder::take_trailer() {
  const std::string line = std::exchange(line_, {});
  if (line.empty()) {
    state_ = State::done;
    return {};
  }
  if (++trailers_ > max_trailers_) return Error(ErrorKind::limit, "too many trailer fields");
  trailer_limit_ -= std::min<std::uint64_t>(trailer_limit_, line.size());
  (void)TRY(parse_field_line(line));
  return {};
}

Result<std::size_t> BodyDecoder::push(std::string_view in, std::string& out) {
  const std::size_t before = in.size();
  const auto take = [&](std::uint64_t most) {
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(most, in.size()));
    out.append(in.substr(0, count));
    in.remove_prefix(count);
    return count;
  };
  while (!in.empty() && state_ != State::done) {
    switch (state_) {
      case State::data:
        if (admitted_ == 0) TRY(admit(left_));
        left_ -= take(left_);
        if (left_ == 0) state_ = State::done;
        break;
      case State::until_end:
        TRY(admit(in.size()));
        take(in.size());
        break;
      case State::size_line:
        if (TRY(collect_line(in, kMaxChunkLine))) TRY(begin_chunk());
        break;
      case State::chunk:
        left_ -= take(left_);
        if (left_ == 0) state_ = State::chunk_end;
        break;
      case State::chunk_end:
        if (line_.empty() && in.front() != '\r') return broken("a chunk is longer than its size");
        if (!TRY(collect_line(in, 1))) break;
        state_ = State::size_line;
        break;
      case State::trailer:
        if (TRY(collect_line(in, trailer_limit_))) TRY(take_trailer());
        break;
      case State::done:
        break;
    }
  }
  return before - in.size();
}

Result<void> BodyDecoder::end() {
  if (state_ == State::until_end) state_ = State::done;
  if (state_ == State::done) return {};
  return Error(ErrorKind::closed, "the connection ended in the middle of the body");
}

ResponseReader::ResponseReader(const MessageLimits& limits, Asked asked)
    : limits_(limits), asked_(asked), collector_(limits.head) {}

Result<std::size_t> ResponseReader::push(std::string_view in) {
  const std::size_t before = in.size();
  while (!head_ && !in.empty()) {
    in.remove_prefix(TRY(collector_.push(in)));
    if (!collector_.done()) break;
    ResponseHead head = TRY(parse_response_head(collector_.text(), limits_.fields));
    const Framing framing = TRY(response_framing(head, asked_));
    collector_.clear();
    if (head.status == 101) return broken("101 without having been asked for an upgrade");
    if (head.status < 200) {
      if (++interim_ > kMaxInterim) return broken("too many interim responses");
      continue;
    }
    if (framing.kind == Framing::Kind::length && framing.length > limits_.body.bytes())
      return Error(ErrorKind::limit,
                   std::format("the body is longer than {} bytes", limits_.body.bytes()));
    framing_ = framing.kind;
    head_ = std::move(head);
    body_.emplace(framing, limits_);
  }
  if (body_ && !in.empty()) in.remove_prefix(TRY(body_->push(in, content_)));
  return before - in.size();
}

Result<void> ResponseReader::end() {
  if (body_) return body_->end();
  return Error(ErrorKind::closed, collector_.empty()
                                      ? "the connection ended before the response"
                                      : "the connection ended in the middle of the response head");
}

std::string ResponseReader::take_body() {
  return std::exchange(content_, {});
}

bool ResponseReader::keeps_alive() const {
  return head_ && framing_ != Framing::Kind::until_end &&
         net::keeps_alive(head_->minor_version, head_->fields);
}

RequestReader::RequestReader(const MessageLimits& limits)
    : limits_(limits), collector_(limits.head) {}

Result<std::size_t> RequestReader::push(std::string_view in) {
  const std::size_t before = in.size();
  if (!head_) {
    in.remove_prefix(TRY(collector_.push(in)));
    if (!collector_.done()) return before - in.size();
    head_ = TRY(parse_request_head(collector_.text(), limits_.fields));
    collector_.clear();
    const Framing framing = TRY(request_framing(*head_));
    if (framing.kind == Framing::Kind::length && framing.length > limits_.body.bytes())
      return Error(ErrorKind::limit,
                   std::format("the body is longer than {} bytes", limits_.body.bytes()));
    body_.emplace(framing, limits_);
  }
  if (!in.empty()) in.remove_prefix(TRY(body_->push(in, content_)));
  return before - in.size();
}

std::string RequestReader::take_body() {
  return std::exchange(content_, {});
}

}  // namespace glovebox::net
