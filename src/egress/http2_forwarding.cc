#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "egress/http2_answer.h"
#include "egress/http2_exchange.h"

namespace glovebox::egress {

namespace {

// How long a beginning of the secret is kept back while nothing follows.
constexpr Duration kHeldFor = milliseconds(200);
// Of an answer, to the client: it takes each within the time of a write.
constexpr std::size_t kPiece = 16 * kKiB;
constexpr Refusal kClientGone{0, "the client went away"};
constexpr Refusal kDownBudget{502,
                              "the answer is larger than what this connection may still receive"};
constexpr std::array<net::Http2Field, 1> kGoAhead = {{{":status", "100"}}};

using What = OriginTrouble::What;

}  // namespace

Http2Forwarding::Http2Forwarding(std::shared_ptr<Http2Front> front, net::Http2StreamId stream,
                                 const AdmittedRequest& request, const Injection* injection,
                                 Traffic& traffic)
    : front_(std::move(front)),
      stream_(stream),
      request_(request),
      injection_(injection),
      traffic_(traffic),
      patience_{front_->patience.deadline, front_->client->token(stream)} {
  if (injection != nullptr) scrubber_.emplace(injection->secret);
}

Http2Forwarding::~Http2Forwarding() {
  if (upload_) upload_->stop();
}

net::Patience Http2Forwarding::patience() const {
  return upload_ ? net::Patience{patience_.deadline, upload_->answer_token()} : patience_;
}

bool Http2Forwarding::body_is_over() const {
  return upload_ ? upload_->state() == Http2Upload::State::done : !request_.has_body();
}

Http2Forwarding::Reach Http2Forwarding::fail(Refusal refusal) {
  if (!out_.failure) out_.failure = refusal;
  return Reach::failed;
}

// Waiting for the origin came to nothing: whose fault was it?
Http2Forwarding::Reach Http2Forwarding::fail_by(const OriginTrouble& trouble) {
  if (front_->patience.token.cancelled()) return fail({0, "the connection was called off"});
  if (upload_ && upload_->refusal()) return fail(*upload_->refusal());
  if (patience_.token.cancelled() ||
      (upload_ && upload_->state() == Http2Upload::State::client_gone))
    return fail(kClientGone);
  if (trouble.what == What::unheard) return Reach::unheard;
  return fail(trouble.refusal);
}

bool Http2Forwarding::delivered(const Result<void>& sent) {
  if (sent) {
    traffic_.touch();
    return true;
  }
  if (sent.error().kind() == ErrorKind::timeout)
    fail({0, "the client does not read"});
  else
    fail_by({What::broken, kClientGone});
  return false;
}

net::Task<Http2Forwarding::Outcome> Http2Forwarding::run() {
  Reach reach = co_await ask();
  // What the origin did not take, or what does no more when it is sent twice. A body may have gone.
  if (reach == Reach::unheard && request_.is_idempotent() && !request_.has_body())
    reach = co_await ask();
  if (reach == Reach::unheard) fail({502, "the origin ended the connection"});
  if (reach == Reach::answered) co_await pass_on(*head_);
  co_await settle();
  co_return out_;
}

net::Task<Http2Forwarding::Reach> Http2Forwarding::ask() {
  origin_.reset();
  // Called off before it was looked at: nobody is asked for it.
  if (patience_.token.cancelled()) co_return fail_by({What::broken, kClientGone});
  traffic_.touch();
  auto begun = co_await front_->origins.begin(request_, injection_, traffic_, patience_);
  if (!begun) {
    out_.trouble = std::move(begun.error().reason);
    out_.address = std::move(begun.error().address);
    out_.offered = out_.offered || begun.error().offered == Origins::Offered::yes;
    co_return fail_by(begun.error().trouble);
  }
  out_.offered = true;
  out_.trouble.clear();
  out_.address = std::move(begun->address);
  origin_ = std::move(begun->exchange);
  if (request_.expects == Expects::nothing) start_upload();
  co_return co_await read_answer();
}

void Http2Forwarding::start_upload() {
  if (request_.has_body() && !upload_)
    upload_ = Http2Upload::start(front_, stream_, origin_, traffic_, patience_);
}

// `at_most`: as long as that, whatever moves. Else until nothing has moved for too long.
net::Task<std::expected<OriginPart, OriginTrouble>> Http2Forwarding::next(
    std::optional<Duration> at_most) {
  const Duration silence = front_->limits().answer_silence;
  if (at_most)
    co_return co_await origin_->next(patience().no_later_than(front_->loop.now() + *at_most));
  for (;;) {
    const Duration due = traffic_.moved() + silence;
    auto part = co_await origin_->next(patience().no_later_than(due));
    if (part || part.error().what != What::silence || due == traffic_.moved() + silence)
      co_return part;
  }
}

// A body whose expectation is refused must not be sent: an origin that does not read it as a body
// could read it as its next request.
net::Task<Http2Forwarding::Reach> Http2Forwarding::read_answer() {
  for (int interim = 0; interim <= kMaxInterimAnswers;) {
    const bool holds_back = request_.has_body() && !upload_;
    auto part = co_await next(holds_back ? std::optional(front_->limits().go_ahead) : std::nullopt);
    if (!part && part.error().what == What::silence && holds_back) {
      start_upload();
      continue;
    }
    if (!part) co_return fail_by(part.error());
    auto* head = std::get_if<OriginHead>(&*part);
    if (head == nullptr) co_return fail({502, "the head of the answer is malformed"});
    if (head->answer.kind == AdmittedAnswer::Kind::final) {
      head_ = std::move(*head);
      co_return Reach::answered;
    }
    ++interim;
    if (head->answer.kind != AdmittedAnswer::Kind::go_ahead ||
        request_.expects != Expects::go_ahead)
      continue;
    start_upload();
    if (!std::exchange(told_to_go_ahead_, true) &&
        !delivered(front_->client->answer(stream_, kGoAhead, net::Http2Ends::no)))
      co_return Reach::failed;
  }
  co_return fail({502, "the origin sent too many interim answers"});
}

net::Task<bool> Http2Forwarding::deliver(std::string_view content, net::Http2Ends ends) {
  while (!content.empty() || ends == net::Http2Ends::yes) {
    const std::string_view piece = content.substr(0, kPiece);
    content.remove_prefix(piece.size());
    // With the last bytes: a client that has counted them may not wait for more.
    const auto last =
        content.empty() ? std::exchange(ends, net::Http2Ends::no) : net::Http2Ends::no;
    const auto sent = co_await front_->client->send(
        stream_, piece, last,
        patience().no_later_than(front_->loop.now() + front_->limits().write));
    if (!delivered(sent)) co_return false;
  }
  co_return true;
}

net::Task<bool> Http2Forwarding::pass_content(OriginContent content) {
  if (!scrubber_) co_return co_await deliver(content.bytes, content.ends);
  std::string clean;
  scrubber_->push(content.bytes, clean);
  if (content.ends == net::Http2Ends::yes) scrubber_->end(clean);
  co_return co_await deliver(clean, content.ends);
}

net::Task<void> Http2Forwarding::pass_end(const OriginEnd& end) {
  std::string rest;
  if (scrubber_) scrubber_->end(rest);
  if (!co_await deliver(rest, net::Http2Ends::no)) co_return;
  const auto sent = co_await front_->client->send_trailers(
      stream_, to_sent(end.trailers),
      patience().no_later_than(front_->loop.now() + front_->limits().write));
  answer_is_whole_ = delivered(sent);
}

net::Task<void> Http2Forwarding::pass_on(const OriginHead& head) {
  net::Http2Connection& client = *front_->client;
  if (head.answer.framing.kind == net::Framing::Kind::length &&
      head.answer.framing.length > front_->totals.down_left()) {
    fail(kDownBudget);
    co_return;
  }
  const net::Fields fields = to_http2_head(head.answer);
  if (!delivered(client.answer(stream_, to_sent(fields), head.ends))) co_return;
  out_.status = head.answer.status;
  if (head.ends == net::Http2Ends::yes) {
    const auto sent = co_await client.sent(
        stream_, patience().no_later_than(front_->loop.now() + front_->limits().write));
    answer_is_whole_ = delivered(sent);
    co_return;
  }
  for (;;) {
    const bool holds = scrubber_ && scrubber_->holds();
    auto part = co_await next(holds ? std::optional(kHeldFor) : std::nullopt);
    if (!part && part.error().what == What::silence && holds) {
      std::string held;
      scrubber_->let_go(held);
      if (!co_await deliver(held, net::Http2Ends::no)) co_return;
      part = co_await next(std::nullopt);
    }
    if (!part) {
      if (fail_by(part.error()) == Reach::unheard) fail(part.error().refusal);
      co_return;
    }
    if (auto* end = std::get_if<OriginEnd>(&*part)) co_return co_await pass_end(*end);
    auto* content = std::get_if<OriginContent>(&*part);
    if (content == nullptr) {
      fail({502, "the body of the answer is malformed"});
      co_return;
    }
    if (front_->totals.down_left() == 0) {
      fail(kDownBudget);
      co_return;
    }
    const auto ends = content->ends;
    if (!co_await pass_content(std::move(*content))) co_return;
    if (ends == net::Http2Ends::no) continue;
    answer_is_whole_ = true;
    co_return;
  }
}

// Nothing is under way afterwards.
net::Task<void> Http2Forwarding::settle() {
  if (upload_) {
    upload_->stop();
    co_await upload_->ended();
  }
  if (answer_is_whole_ && body_is_over() && origin_) origin_->release();
  origin_.reset();
  front_->origins.freed();
}

}  // namespace glovebox::egress
