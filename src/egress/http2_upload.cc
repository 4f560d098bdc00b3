#include "egress/http2_upload.h"

#include <string_view>
#include <utility>

namespace glovebox::egress {

namespace {
// A window of the client's may be large; the origin takes it in these.
constexpr std::size_t kPiece = 16 * kKiB;
}  // namespace

Http2Upload::Http2Upload(std::shared_ptr<Http2Front> front, net::Http2StreamId stream,
                         std::shared_ptr<OriginExchange> origin, Traffic& traffic,
                         const net::Patience& patience)
    : front_(std::move(front)),
      stream_(stream),
      origin_(std::move(origin)),
      traffic_(traffic),
      stop_(patience.token),
      answer_(patience.token),
      ended_(front_->loop) {}

std::shared_ptr<Http2Upload> Http2Upload::start(std::shared_ptr<Http2Front> front,
                                                net::Http2StreamId stream,
                                                std::shared_ptr<OriginExchange> origin,
                                                Traffic& traffic, const net::Patience& patience) {
  net::Loop& loop = front->loop;
  std::shared_ptr<Http2Upload> upload(
      new Http2Upload(std::move(front), stream, std::move(origin), traffic, patience));
  loop.spawn(run(upload));
  return upload;
}

net::Task<void> Http2Upload::run(std::shared_ptr<Http2Upload> self) {
  self->state_ = co_await self->pump();
  if (self->state_ == State::refused || self->state_ == State::client_gone) self->answer_.cancel();
  self->origin_.reset();
  self->ended_.set();
}

net::Task<void> Http2Upload::ended() {
  (void)co_await ended_.wait();
}

Http2Upload::State Http2Upload::refuse(Refusal refusal) {
  refusal_ = refusal;
  return State::refused;
}

// Kind timeout when nothing has moved in either direction for too long.
net::Task<Result<net::Http2Arrival>> Http2Upload::receive() {
  const Duration silence = front_->limits().body_silence;
  for (;;) {
    const Duration due = traffic_.moved() + silence;
    auto arrived = co_await front_->client->receive(stream_, {due, stop_.token()});
    if (arrived || arrived.error().kind() != ErrorKind::timeout ||
        due == traffic_.moved() + silence)
      co_return arrived;
  }
}

net::Task<Http2Upload::State> Http2Upload::pump() {
  const auto patience = [this] {
    return net::Patience{front_->loop.now() + front_->limits().write, stop_.token()};
  };
  for (;;) {
    const auto arrived = co_await receive();
    if (!arrived && arrived.error().kind() == ErrorKind::timeout)
      co_return refuse({408, "the body came too slowly"});
    if (!arrived) co_return State::client_gone;
    if (arrived->head_size == net::Http2Stream::HeadSize::too_large)
      co_return refuse({431, "the trailers are too long"});
    traffic_.touch();
    std::string_view content = arrived->content;
    if (content.size() > front_->totals.up_left())
      co_return refuse({413, "the body is larger than what this connection may still send"});
    for (; !content.empty(); content.remove_prefix(std::min(kPiece, content.size())))
      if (!co_await origin_->send(content.substr(0, kPiece), patience()))
        co_return State::origin_gone;
    if (arrived->ends == net::Http2Ends::no) continue;
    co_return co_await origin_->finish(arrived->trailers, patience()) ? State::done
                                                                      : State::origin_gone;
  }
}

}  // namespace glovebox::egress
