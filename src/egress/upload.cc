#include "egress/upload.h"

#include <string>
#include <utility>

#include "egress/http_admission.h"
#include "net/http_reader.h"

namespace glovebox::egress {

Upload::Upload(std::shared_ptr<RelayEnds> ends, net::Framing framing, const net::Patience& patience)
    : ends_(std::move(ends)),
      framing_(framing),
      stop_(patience.token),
      answer_(patience.token),
      patience_{patience.deadline, stop_.token()},
      ended_(ends_->loop) {}

std::shared_ptr<Upload> Upload::start(std::shared_ptr<RelayEnds> ends, net::Framing framing,
                                      const net::Patience& patience) {
  net::Loop& loop = ends->loop;
  std::shared_ptr<Upload> upload(new Upload(std::move(ends), framing, patience));
  loop.spawn(run(upload));
  return upload;
}

net::Task<void> Upload::run(std::shared_ptr<Upload> self) {
  const State state = co_await self->pump();
  self->state_ = self->stop_.cancelled() && state != State::done ? State::stopped : state;
  if (state == State::refused || state == State::client_gone) self->answer_.cancel();
  self->ended_.set();
}

net::Task<void> Upload::ended() {
  (void)co_await ended_.wait();
}

Upload::State Upload::by_client(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::protocol:
      refusal_ = Refusal{400, "the body is malformed"};
      return State::refused;
    case ErrorKind::limit:
      refusal_ = Refusal{413, "the body is larger than what this connection may still send"};
      return State::refused;
    case ErrorKind::timeout:
      refusal_ = Refusal{408, "the body came too slowly"};
      return State::refused;
    default:
      return State::client_gone;
  }
}

net::Task<Result<void>> Upload::forward(std::string_view content) {
  if (framing_.kind != net::Framing::Kind::chunked || content.empty())
    co_return co_await ends_->send(ends_->origin, content, patience_);
  const std::string chunk = to_chunk(content);
  co_return co_await ends_->send(ends_->origin, chunk, patience_);
}

net::Task<Upload::State> Upload::finish() {
  Result<void> done;
  if (framing_.kind == net::Framing::Kind::chunked)
    done = co_await ends_->send(ends_->origin, kLastChunk, patience_);
  if (is_tunnel())
    done = co_await ends_->origin.stream->finish(
        patience_.no_later_than(ends_->loop.now() + ends_->limits.write));
  co_return done ? State::done : State::origin_gone;
}

net::Task<Upload::State> Upload::pump() {
  RelayEnds& ends = *ends_;
  const Duration silence = is_tunnel() ? ends.limits.tunnel_silence : ends.limits.body_silence;
  net::BodyDecoder decoder(framing_,
                           {kMaxRequestHead, kMaxRequestFields, ByteLimit(ends.up_left())});
  while (!decoder.done()) {
    if (ends.client.pending.empty()) {
      const auto more = co_await ends.receive(ends.client, silence, patience_);
      if (!more) co_return by_client(more.error());
      if (!*more) {
        if (!decoder.end()) co_return State::client_gone;
        break;
      }
    }
    std::string content;
    const auto used = decoder.push(ends.client.pending, content);
    if (!used) co_return by_client(used.error());
    ends.client.take(*used);
    if (content.size() > ends.up_left()) co_return by_client(Error(ErrorKind::limit, "budget"));
    if (!co_await forward(content)) co_return State::origin_gone;
  }
  co_return co_await finish();
}

}  // namespace glovebox::egress
