#include "egress/http2_origin.h"

#include <utility>

#include "egress/http2_admission.h"
#include "egress/http2_answer.h"

namespace glovebox::egress {

namespace {

std::unexpected<OriginTrouble> broken(Refusal refusal) {
  return std::unexpected(OriginTrouble{OriginTrouble::What::broken, refusal});
}

std::uint64_t size_of(const net::Fields& fields) {
  std::uint64_t size = 0;
  for (const auto& [name, value] : fields) size += name.size() + value.size();
  return size;
}

}  // namespace

Http2Origin::Http2Origin(std::shared_ptr<net::Http2Connection> connection,
                         net::Http2StreamId stream, Reused reused, const AdmittedRequest& request,
                         const Injection* injection, Traffic& traffic)
    : connection_(std::move(connection)),
      stream_(stream),
      reused_(reused),
      request_(request),
      injection_(injection),
      traffic_(traffic) {}

Http2Origin::~Http2Origin() {
  connection_->forget(stream_);
}

net::Task<Result<void>> Http2Origin::send(std::string_view content, net::Patience patience) {
  CO_TRY(co_await connection_->send(stream_, content, net::Http2Ends::no, std::move(patience)));
  traffic_.add_up(content.size());
  co_return Result<void>();
}

net::Task<Result<void>> Http2Origin::finish(const net::Fields& trailers, net::Patience patience) {
  const net::Fields admitted = admit_trailers(trailers, injection_);
  CO_TRY(co_await connection_->send_trailers(stream_, to_sent(admitted), std::move(patience)));
  traffic_.add_up(size_of(admitted));
  co_return Result<void>();
}

OriginTrouble Http2Origin::trouble_of(const Error& error) const {
  using What = OriginTrouble::What;
  if (error.kind() == ErrorKind::timeout)
    return {What::silence, {504, "the origin did not answer in time"}};
  if (error.kind() == ErrorKind::cancelled)
    return {What::broken, {0, "the connection was called off"}};
  if (connection_->is_alive()) {
    const bool refused = connection_->reset_of(stream_) == net::Http2Code::refused_stream;
    return {refused && !heard_ ? What::unheard : What::broken,
            {502, "the origin reset the stream"}};
  }
  return {reused_ == Reused::yes && !heard_ ? What::unheard : What::broken,
          {502, "the origin ended the connection"}};
}

net::Task<std::expected<OriginPart, OriginTrouble>> Http2Origin::next(net::Patience patience) {
  auto arrived = co_await connection_->receive(stream_, std::move(patience));
  if (!arrived) co_return std::unexpected(trouble_of(arrived.error()));
  heard_ = true;
  if (arrived->head_size == net::Http2Stream::HeadSize::too_large)
    co_return broken({502, "the head of the answer is too large"});
  if (arrived->head) {
    traffic_.add_down(size_of(*arrived->head));
    auto answer = admit_http2_answer(*arrived->head, request_, injection_);
    if (!answer) co_return broken(answer.error());
    co_return OriginHead{*std::move(answer), arrived->ends};
  }
  if (!arrived->content.empty()) {
    traffic_.add_down(arrived->content.size());
    co_return OriginContent{std::move(arrived->content), arrived->ends};
  }
  traffic_.add_down(size_of(arrived->trailers));
  co_return OriginEnd{admit_answer_trailers(arrived->trailers, injection_)};
}

}  // namespace glovebox::egress
