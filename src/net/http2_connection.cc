#include "net/http2_connection.h"

#include <utility>

#include "base/secret.h"

namespace glovebox::net {

namespace {

constexpr std::size_t kSentAtOnce = 64 * kKiB;
// Frames that wait to be sent: more is not read meanwhile.
constexpr std::size_t kMostQueued = 256;
// What still comes is read for a moment, so that closing does not take the last frames from a peer
// that has not read them.
constexpr Duration kLinger = seconds(1);
constexpr std::uint64_t kMaxLinger = 1 * kMiB;

Error closed() {
  return Error(ErrorKind::closed, "HTTP/2: the stream is closed");
}

}  // namespace

Result<std::shared_ptr<Http2Connection>> Http2Connection::start(Loop& loop, StreamPtr stream,
                                                                Http2Role role,
                                                                const Http2Limits& limits,
                                                                Http2Times times,
                                                                const Patience& patience) {
  std::shared_ptr<Http2Connection> connection(new Http2Connection(
      loop, std::move(stream), role, TRY(Http2Session::make(role, limits)), times, patience));
  loop.spawn(read_all(connection));
  loop.spawn(write_all(connection));
  return connection;
}

Http2Connection::Http2Connection(Loop& loop, StreamPtr stream, Http2Role role, Http2Session session,
                                 Http2Times times, const Patience& patience)
    : loop_(loop),
      stream_(std::move(stream)),
      role_(role),
      session_(std::move(session)),
      times_(times),
      parent_(patience.token),
      stop_(patience.token),
      asked_(loop),
      to_write_(loop),
      written_(loop),
      ended_(loop),
      quiet_since_(loop.now()) {}

Http2Connection::Waiters& Http2Connection::waiters(Http2StreamId id) {
  auto& found = waiters_[id];
  if (found == nullptr) {
    found = std::make_unique<Waiters>(loop_, stop_.token());
    const Http2Stream* stream = session_.find(id);
    if (over_ || stream == nullptr || stream->reset) found->over.cancel();
  }
  return *found;
}

// Wakes those to whom something happened.
void Http2Connection::tell() {
  for (const Http2StreamId id : session_.take_changed()) {
    const auto at = waiters_.find(id);
    if (at == waiters_.end()) continue;
    at->second->arrived.set();
    at->second->drained.set();
    const Http2Stream* stream = session_.find(id);
    if (stream != nullptr && stream->reset) at->second->over.cancel();
  }
  asked_.set();
}

void Http2Connection::end(std::optional<Error> failure) {
  if (std::exchange(over_, true)) return;
  failure_ = std::move(failure);
  for (auto& [id, waiters] : waiters_) {
    waiters->arrived.set();
    waiters->drained.set();
    waiters->over.cancel();
  }
  asked_.set();
  to_write_.set();
  written_.set();
}

// How long the peer may say nothing.
std::optional<Duration> Http2Connection::due() const {
  if (role_ == Http2Role::client) return std::nullopt;
  if (session_.open_head()) return head_since_ + times_.head;
  return (session_.streams() > 0 ? loop_.now() : quiet_since_) + times_.idle;
}

// Until there is something to read; false: no more is to be read.
Task<bool> Http2Connection::may_read() {
  while (session_.queued() > kMostQueued && !over_) {
    written_.clear();
    if (!co_await written_.wait({std::nullopt, stop_.token()})) co_return false;
  }
  while (!over_) {
    const auto ready = co_await stream_->readable({due(), stop_.token()});
    if (ready) co_return true;
    if (ready.error().kind() != ErrorKind::timeout) break;
    if (const auto until = due(); !until || *until > loop_.now()) continue;
    session_.go_away();
    if (session_.open_head())
      end(Error(ErrorKind::timeout, "HTTP/2: a head came too slowly"));
    else
      end(std::nullopt);
  }
  co_return false;
}

Task<bool> Http2Connection::read_some() {
  if (!co_await may_read()) co_return false;
  const auto bytes = co_await stream_->read({loop_.now() + times_.idle, stop_.token()});
  if (!bytes || bytes->empty()) {
    broken_ = true;
    co_return false;
  }
  const auto pushed = session_.push(*bytes, loop_.now());
  const std::uint64_t head = session_.open_head().value_or(0);
  if (std::exchange(head_, head) != head) head_since_ = loop_.now();
  tell();
  to_write_.set();
  if (!pushed) end(pushed.error());
  co_return pushed.has_value();
}

Task<void> Http2Connection::read_all(std::shared_ptr<Http2Connection> self) {
  while (co_await self->read_some()) {
  }
  self->end(std::nullopt);
  co_await self->one_ended();
}

Task<void> Http2Connection::write_all(std::shared_ptr<Http2Connection> self) {
  Http2Connection& me = *self;
  for (;;) {
    std::string out = me.session_.pull(kSentAtOnce);
    me.tell();
    me.written_.set();
    if (me.session_.failure()) me.end(me.session_.failure());
    if (out.empty()) {
      if (me.over_ || me.session_.is_over()) break;
      me.to_write_.clear();
      if (!co_await me.to_write_.wait({std::nullopt, me.stop_.token()})) break;
      continue;
    }
    const auto sent =
        co_await me.stream_->write(out, {me.loop_.now() + me.times_.write, me.stop_.token()});
    if (me.role_ == Http2Role::client) zero_memory(out.data(), out.size());
    if (sent) continue;
    me.broken_ = true;
    break;
  }
  me.end(std::nullopt);
  me.stop_.cancel();  // whoever reads
  co_await me.one_ended();
}

Task<void> Http2Connection::one_ended() {
  if (--running_ > 0) co_return;
  const Patience patience{loop_.now() + kLinger, parent_};
  if (!broken_ && co_await stream_->finish(patience)) {
    for (std::uint64_t taken = 0; taken < kMaxLinger;) {
      const auto bytes = co_await stream_->read(patience);
      if (!bytes || bytes->empty()) break;
      taken += bytes->size();
    }
  }
  stream_.reset();
  ended_.set();
}

Task<void> Http2Connection::ended() {
  (void)co_await ended_.wait();
}

Task<std::optional<Http2Asked>> Http2Connection::accept() {
  for (;;) {
    if (auto malformed = session_.next_malformed())
      co_return Http2Asked{Http2Asked::Form::malformed, 0, std::move(malformed->method)};
    if (const auto id = session_.next_request())
      co_return Http2Asked{Http2Asked::Form::whole, *id, {}};
    if (over_) co_return std::nullopt;
    asked_.clear();
    if (!co_await asked_.wait({std::nullopt, stop_.token()})) co_return std::nullopt;
  }
}

Result<Http2StreamId> Http2Connection::request(std::span<const Http2Field> head, Http2Ends ends) {
  if (over_) return closed();
  const Http2StreamId id = TRY(session_.request(head, ends));
  (void)waiters(id);
  to_write_.set();
  return id;
}

bool Http2Connection::has_something(const Http2Stream& stream) {
  return !stream.heads.empty() || !stream.body.empty() || stream.trailers ||
         stream.ended == Http2Ends::yes;
}

Http2Arrival Http2Connection::take(Http2StreamId id, Http2Stream& stream) {
  Http2Arrival out;
  out.head_size = stream.head_size;
  if (!stream.heads.empty()) {
    out.head = std::move(stream.heads.front());
    stream.heads.erase(stream.heads.begin());
  } else if (!stream.body.empty()) {
    out.content = std::exchange(stream.body, {});
    waiters(id).given = out.content.size();
  } else if (stream.trailers) {
    out.trailers = *std::exchange(stream.trailers, std::nullopt);
  }
  if (stream.heads.empty() && stream.body.empty() && !stream.trailers) out.ends = stream.ended;
  return out;
}

Task<Result<Http2Arrival>> Http2Connection::receive(Http2StreamId id, Patience patience) {
  for (;;) {
    Http2Stream* stream = session_.find(id);
    if (stream == nullptr) co_return closed();
    Waiters& mine = waiters(id);
    if (const std::size_t given = std::exchange(mine.given, 0); given > 0) {
      session_.consume(id, given);
      to_write_.set();
    }
    if (has_something(*stream)) co_return take(id, *stream);
    if (over_ || stream->state == Http2Stream::State::closed) co_return closed();
    mine.arrived.clear();
    CO_TRY(co_await mine.arrived.wait(patience));
  }
}

Result<void> Http2Connection::answer(Http2StreamId id, std::span<const Http2Field> head,
                                     Http2Ends ends) {
  if (over_) return closed();
  to_write_.set();
  return session_.answer(id, head, ends);
}

Task<Result<void>> Http2Connection::send(Http2StreamId id, std::string_view content, Http2Ends ends,
                                         Patience patience) {
  if (over_) co_return closed();
  CO_TRY(session_.write(id, content, ends));
  to_write_.set();
  co_return co_await sent(id, std::move(patience));
}

Task<Result<void>> Http2Connection::send_trailers(Http2StreamId id,
                                                  std::span<const Http2Field> trailers,
                                                  Patience patience) {
  if (over_) co_return closed();
  CO_TRY(session_.write_trailers(id, trailers));
  to_write_.set();
  co_return co_await sent(id, std::move(patience));
}

Task<Result<void>> Http2Connection::sent(Http2StreamId id, Patience patience) {
  for (;;) {
    const Http2Stream* stream = session_.find(id);
    if (stream == nullptr || stream->reset) co_return closed();
    if (session_.unsent(id) == 0) co_return Result<void>();
    if (over_) co_return closed();
    Waiters& mine = waiters(id);
    mine.drained.clear();
    CO_TRY(co_await mine.drained.wait(patience));
  }
}

void Http2Connection::reset(Http2StreamId id, Http2Code code) {
  session_.reset(id, code);
  to_write_.set();
}

std::optional<Http2Code> Http2Connection::reset_of(Http2StreamId id) {
  const Http2Stream* stream = session_.find(id);
  return stream == nullptr ? std::nullopt : stream->reset;
}

CancelToken Http2Connection::token(Http2StreamId id) {
  return waiters(id).over.token();
}

void Http2Connection::forget(Http2StreamId id) {
  if (const auto at = waiters_.find(id); at != waiters_.end()) {
    session_.consume(id, at->second->given);
    waiters_.erase(at);
  }
  session_.forget(id);
  if (session_.streams() == 0) quiet_since_ = loop_.now();
  to_write_.set();
}

void Http2Connection::go_away() {
  session_.go_away();
  to_write_.set();
}

void Http2Connection::close() {
  if (over_) return;
  session_.go_away();
  end(std::nullopt);
}

}  // namespace glovebox::net
