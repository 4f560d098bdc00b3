#include "egress/http1_origin.h"

#include <limits>
#include <utility>

namespace glovebox::egress {

namespace {

constexpr Refusal kOriginEnded{502, "the origin ended the connection"};
constexpr ByteLimit kNoLimit{std::numeric_limits<std::uint64_t>::max()};

std::unexpected<OriginTrouble> broken(std::string_view words) {
  return std::unexpected(OriginTrouble{OriginTrouble::What::broken, {502, words}});
}

}  // namespace

Http1Origin::Http1Origin(Http1Link link, const AdmittedRequest& request, const Injection* injection,
                         Traffic& traffic, std::function<void(Http1Link)> give_back)
    : link_(std::move(link)),
      request_(request),
      injection_(injection),
      traffic_(traffic),
      give_back_(std::move(give_back)) {}

net::Task<Result<void>> Http1Origin::write(std::string_view bytes, net::Patience patience) {
  if (bytes.empty()) co_return Result<void>();
  CO_TRY(co_await link_.stream->write(bytes, std::move(patience)));
  traffic_.add_up(bytes.size());
  co_return Result<void>();
}

net::Task<Result<void>> Http1Origin::ask(const SentHead& head, net::Patience patience) {
  return write(head.bytes(), std::move(patience));
}

net::Task<Result<void>> Http1Origin::send(std::string_view content, net::Patience patience) {
  // What goes beyond the length that was told would be the origin's next request.
  content_ += content.size();
  if (request_.framing.kind == net::Framing::Kind::length && content_ > request_.framing.length)
    co_return Error(ErrorKind::protocol, "the body is longer than its head says");
  if (request_.framing.kind != net::Framing::Kind::chunked || content.empty())
    co_return co_await write(content, std::move(patience));
  const std::string chunk = to_chunk(content);
  co_return co_await write(chunk, std::move(patience));
}

// Trailers are not passed on: servers of HTTP/1.1 seldom expect them.
net::Task<Result<void>> Http1Origin::finish(const net::Fields& /*trailers*/,
                                            net::Patience patience) {
  if (request_.framing.kind == net::Framing::Kind::length && content_ < request_.framing.length)
    co_return Error(ErrorKind::protocol, "the body is shorter than its head says");
  if (request_.framing.kind != net::Framing::Kind::chunked) co_return Result<void>();
  co_return co_await write(kLastChunk, std::move(patience));
}

// Waits without reading, so that the wait can be made longer: a read that ran out of time would
// have ended its direction.
net::Task<std::expected<void, OriginTrouble>> Http1Origin::receive(net::Patience patience) {
  const auto ready = co_await link_.stream->readable(patience);
  if (!ready && ready.error().kind() == ErrorKind::timeout)
    co_return std::unexpected(
        OriginTrouble{OriginTrouble::What::silence, {504, "the origin did not answer in time"}});
  const Duration silence = traffic_.totals().limits.answer_silence;
  const auto bytes =
      co_await link_.stream->read({traffic_.moved() + silence + silence, patience.token});
  if (!bytes && bytes.error().kind() != ErrorKind::closed)
    co_return broken("the connection to the origin broke");
  ended_ = !bytes || bytes->empty();
  if (ended_) {
    if (heard_) co_return std::expected<void, OriginTrouble>();
    if (link_.reused == Reused::no) co_return broken(kOriginEnded.words);
    co_return std::unexpected(OriginTrouble{OriginTrouble::What::unheard, kOriginEnded});
  }
  heard_ = true;
  traffic_.add_down(bytes->size());
  pending_ += *bytes;
  co_return std::expected<void, OriginTrouble>();
}

std::expected<std::optional<OriginPart>, OriginTrouble> Http1Origin::take_head() {
  const auto used = collector_.push(pending_);
  if (!used)
    return broken(used.error().kind() == ErrorKind::limit ? "the head of the answer is too large"
                                                          : "the head of the answer is malformed");
  pending_.erase(0, *used);
  if (!collector_.done()) return std::optional<OriginPart>();
  auto answer = admit_answer(collector_.text(), request_, injection_);
  if (!answer) return std::unexpected(OriginTrouble{OriginTrouble::What::broken, answer.error()});
  collector_.clear();
  OriginHead head{*std::move(answer), net::Http2Ends::no};
  if (head.answer.kind == AdmittedAnswer::Kind::final) {
    keep_ = head.answer.keep;
    body_.emplace(head.answer.framing,
                  net::MessageLimits{kMaxAnswerHead, kMaxAnswerFields, kNoLimit});
    if (body_->done()) head.ends = net::Http2Ends::yes;
  }
  return std::optional<OriginPart>(std::move(head));
}

std::expected<std::optional<OriginPart>, OriginTrouble> Http1Origin::take_body() {
  std::string content;
  const auto used = body_->push(pending_, content);
  if (!used) return broken("the body of the answer is malformed");
  if (*used == pending_.size())
    pending_ = std::string();
  else
    pending_.erase(0, *used);
  const auto ends = body_->done() ? net::Http2Ends::yes : net::Http2Ends::no;
  if (!content.empty()) return std::optional<OriginPart>(OriginContent{std::move(content), ends});
  if (body_->done() || (ended_ && body_->end())) return std::optional<OriginPart>(OriginEnd{});
  if (ended_) return broken(kOriginEnded.words);
  return std::optional<OriginPart>();
}

net::Task<std::expected<OriginPart, OriginTrouble>> Http1Origin::next(net::Patience patience) {
  for (;;) {
    auto part = body_ ? take_body() : take_head();
    if (!part) co_return std::unexpected(part.error());
    if (*part) co_return *std::move(*part);
    if (ended_) co_return broken(kOriginEnded.words);
    const auto received = co_await receive(patience);
    if (!received) co_return std::unexpected(received.error());
  }
}

void Http1Origin::release() {
  if (keep_ == Keep::no || !body_ || !body_->done() || !pending_.empty() || ended_) return;
  link_.reused = Reused::yes;
  give_back_(std::move(link_));
}

}  // namespace glovebox::egress
