#include "egress/forwarding.h"

#include <limits>
#include <utility>

#include "net/http_reader.h"

namespace glovebox::egress {

namespace {

// How long a beginning of the secret is kept back while nothing follows.
constexpr Duration kHeldFor = milliseconds(200);
constexpr std::string_view kGoAhead = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kCalledOff = "the connection was called off";
constexpr Refusal kClientGone{0, "the client went away"};
constexpr Refusal kOriginEnded{502, "the origin ended the connection"};
constexpr Refusal kDownBudget{502,
                              "the answer is larger than what this connection may still receive"};

}  // namespace

Forwarding::Forwarding(std::shared_ptr<RelayEnds> ends, HttpSite& site,
                       const AdmittedRequest& request, const Injection* injection, Keep wanted,
                       net::Patience patience)
    : ends_(std::move(ends)),
      site_(site),
      request_(request),
      injection_(injection),
      wanted_(wanted),
      patience_(std::move(patience)) {
  if (injection_ != nullptr) scrubber_.emplace(injection_->secret);
}

Forwarding::~Forwarding() {
  if (upload_) upload_->stop();
}

net::Patience Forwarding::patience() const {
  return upload_ ? net::Patience{patience_.deadline, upload_->answer_token()} : patience_;
}

Forwarding::Reach Forwarding::fail(Refusal refusal) {
  if (!out_.failure) out_.failure = refusal;
  return Reach::failed;
}

bool Forwarding::body_is_over() const {
  return upload_ ? upload_->state() == Upload::State::done : !request_.has_body();
}

// Waiting for the origin ended in an error: whose fault was it?
Forwarding::Reach Forwarding::fail_by(const Error& error) {
  if (upload_ && upload_->refusal()) return fail(*upload_->refusal());
  if (upload_ && upload_->state() == Upload::State::client_gone) return fail(kClientGone);
  switch (error.kind()) {
    case ErrorKind::cancelled:
      return fail({0, kCalledOff});
    case ErrorKind::timeout:
      return fail({504, "the origin did not answer in time"});
    case ErrorKind::limit:
      return fail({502, "the head of the answer is too large"});
    case ErrorKind::protocol:
      return fail({502, "the head of the answer is malformed"});
    default:
      return fail({502, "the connection to the origin broke"});
  }
}

bool Forwarding::delivered(const Result<void>& sent) {
  if (sent) return true;
  if (sent.error().kind() == ErrorKind::cancelled)
    fail_by(sent.error());
  else if (sent.error().kind() == ErrorKind::timeout)
    fail({0, "the client does not read"});
  else
    fail(kClientGone);
  return false;
}

net::Task<Forwarded> Forwarding::run(SentHead head) {
  std::optional<SentHead> sent = std::move(head);
  Reach reach = co_await try_kept(*sent);
  const bool may_repeat = request_.is_idempotent() && !request_.has_body();
  if (reach == Reach::dead && (ends_->origin.stream == nullptr || may_repeat))
    reach = co_await try_fresh(*sent);
  sent.reset();  // not kept for as long as the answer takes
  if (reach == Reach::dead)
    fail(upload_ && upload_->refusal() ? *upload_->refusal() : kOriginEnded);
  if (reach == Reach::answered) co_await pass_on();
  co_await settle();
  co_return out_;
}

net::Task<Forwarding::Reach> Forwarding::try_kept(const SentHead& head) {
  RelayEnd& origin = ends_->origin;
  if (origin.stream && origin.pending.empty() && origin.stream->is_quiet())
    co_return co_await ask(head);
  origin.close();
  co_return Reach::dead;
}

net::Task<Forwarding::Reach> Forwarding::try_fresh(const SentHead& head) {
  ends_->origin.close();
  auto opened = co_await site_.open(
      {net::Alpn::http11}, patience_.no_later_than(ends_->loop.now() + ends_->limits.open));
  ends_->address = std::move(opened.address);
  if (!opened.made) {
    out_.trouble = opened.made.error().message();
    co_return fail(refusal_by_open(opened.made.error().kind()));
  }
  ends_->origin.stream = std::move(opened.made->stream);
  co_return co_await ask(head);
}

net::Task<Forwarding::Reach> Forwarding::ask(const SentHead& head) {
  ends_->moved = ends_->loop.now();
  out_.offered = true;
  const auto sent = co_await ends_->send(ends_->origin, head.bytes(), patience_);
  if (!sent)
    co_return sent.error().kind() == ErrorKind::closed ? Reach::dead : fail_by(sent.error());
  if (request_.expects == Expects::go_ahead)
    co_await await_go_ahead();
  else
    start_upload();
  co_return co_await read_answer();
}

void Forwarding::start_upload() {
  if (request_.has_body() && !upload_) upload_ = Upload::start(ends_, request_.framing, patience_);
}

// A body whose expectation is refused must not be sent: an origin that does not read it as a body
// could read it as its next request. What came is looked at by read_answer().
net::Task<void> Forwarding::await_go_ahead() {
  if (!ends_->origin.pending.empty()) co_return;
  const auto ready = co_await ends_->origin.stream->readable(
      patience().no_later_than(ends_->loop.now() + ends_->limits.go_ahead));
  if (!ready && ready.error().kind() == ErrorKind::timeout) start_upload();
}

net::Task<Result<bool>> Forwarding::receive(Duration silence) {
  auto more = co_await ends_->receive(ends_->origin, silence, patience());
  heard_ = heard_ || (more && *more);
  co_return more;
}

// Kind closed at the end of the connection.
net::Task<Result<std::string>> Forwarding::read_head() {
  RelayEnd& origin = ends_->origin;
  net::HeadCollector collector(kMaxAnswerHead);
  while (!collector.done()) {
    if (origin.pending.empty() && !CO_TRY(co_await receive(ends_->limits.answer_silence)))
      co_return Error(ErrorKind::closed, "the origin's end");
    origin.take(CO_TRY(collector.push(origin.pending)));
  }
  co_return std::string(collector.text());
}

net::Task<Forwarding::Reach> Forwarding::read_answer() {
  for (int interim = 0; interim <= kMaxInterimAnswers; ++interim) {
    const auto head = co_await read_head();
    if (!head) {
      const bool ended = head.error().kind() == ErrorKind::closed;
      if (ended && !heard_) co_return Reach::dead;
      co_return ended ? fail(kOriginEnded) : fail_by(head.error());
    }
    auto answer = admit_answer(*head, request_, injection_);
    if (!answer) co_return fail(answer.error());
    if (answer->kind == AdmittedAnswer::Kind::final ||
        answer->kind == AdmittedAnswer::Kind::switching) {
      answer_ = *std::move(answer);
      co_return Reach::answered;
    }
    if (request_.expects != Expects::go_ahead) continue;
    if (answer->kind != AdmittedAnswer::Kind::go_ahead) {
      if (!upload_) co_await await_go_ahead();
      continue;
    }
    start_upload();
    if (!std::exchange(told_to_go_ahead_, true) &&
        !delivered(co_await ends_->send(ends_->client, kGoAhead, patience())))
      co_return Reach::failed;
  }
  co_return fail({502, "the origin sent too many interim answers"});
}

net::Task<void> Forwarding::pass_on() {
  RelayEnds& ends = *ends_;
  carriage_ = carriage_of(*answer_, request_);
  if (carriage_ == Carriage::length &&
      answer_->framing.length > ends.down_left() + ends.origin.pending.size()) {
    fail(kDownBudget);
    co_return;
  }
  // A client whose body was not taken whole cannot send a next request.
  const bool goes_on = wanted_ == Keep::yes && body_is_over() && carriage_ != Carriage::until_end;
  out_.keep = goes_on ? Keep::yes : Keep::no;
  out_.status = answer_->status;
  if (answer_->kind == AdmittedAnswer::Kind::switching)
    co_await tunnel();
  else
    co_await pass_body();
}

std::string Forwarding::carried(std::string content) const {
  if (carriage_ == Carriage::chunks && !content.empty()) return to_chunk(content);
  return content;
}

// Content to the client, behind what is to be sent before it. Nothing of it is held afterwards.
net::Task<bool> Forwarding::deliver(std::string content, std::string before) {
  std::string clean;
  if (scrubber_)
    scrubber_->push(content, clean);
  else
    clean = std::move(content);
  before += carried(std::move(clean));
  co_return delivered(co_await ends_->send(ends_->client, before, patience()));
}

net::Task<bool> Forwarding::finish_body() {
  std::string rest;
  if (scrubber_) scrubber_->end(rest);
  rest = carried(std::move(rest));
  if (carriage_ == Carriage::chunks) rest += kLastChunk;
  co_return delivered(co_await ends_->send(ends_->client, rest, patience()));
}

net::Task<void> Forwarding::pass_body() {
  RelayEnds& ends = *ends_;
  constexpr ByteLimit kNoLimit{std::numeric_limits<std::uint64_t>::max()};
  net::BodyDecoder decoder(answer_->framing, {kMaxAnswerHead, kMaxAnswerFields, kNoLimit});
  std::string before = format_answer_head(*answer_, carriage_, out_.keep);
  for (;;) {
    std::string content;
    const auto used = decoder.push(ends.origin.pending, content);
    if (!used) {
      fail({502, "the body of the answer is malformed"});
      co_return;
    }
    ends.origin.take(*used);
    if (!co_await deliver(std::move(content), std::exchange(before, {}))) co_return;
    if (decoder.done()) break;
    if (ends.down_left() == 0) {
      fail(kDownBudget);
      co_return;
    }
    if (scrubber_ && scrubber_->holds()) {
      const auto ready = co_await ends.origin.stream->readable(
          patience().no_later_than(ends.loop.now() + kHeldFor));
      if (!ready && ready.error().kind() == ErrorKind::timeout) {
        std::string held;
        scrubber_->let_go(held);
        held = carried(std::move(held));
        if (!delivered(co_await ends.send(ends.client, held, patience()))) co_return;
      }
    }
    const auto more = co_await receive(ends.limits.answer_silence);
    if (!more) {
      fail_by(more.error());
      co_return;
    }
    if (*more) continue;
    if (decoder.end()) break;
    fail(kOriginEnded);
    co_return;
  }
  if (!co_await finish_body()) co_return;
  origin_is_clean_ = answer_->keep == Keep::yes && ends.origin.pending.empty();
}

// A WebSocket: bytes both ways until both ends are over, or one breaks.
net::Task<void> Forwarding::tunnel() {
  RelayEnds& ends = *ends_;
  out_.keep = Keep::no;
  if (!co_await deliver({}, format_answer_head(*answer_, Carriage::none, Keep::no))) co_return;
  upload_ = Upload::start(ends_, {net::Framing::Kind::until_end}, patience_);
  for (;;) {
    if (!co_await deliver(std::exchange(ends.origin.pending, {}), {})) co_return;
    if (ends.down_left() == 0) {
      fail(kDownBudget);
      co_return;
    }
    const auto more = co_await receive(ends.limits.tunnel_silence);
    if (!more) {
      fail_by(more.error());
      co_return;
    }
    if (!*more) break;
  }
  if (!co_await finish_body()) co_return;
  (void)co_await ends.client.stream->finish(
      patience().no_later_than(ends.loop.now() + ends.limits.write));
  co_await upload_->ended();
}

// Nothing is under way on either connection afterwards.
net::Task<void> Forwarding::settle() {
  if (upload_) {
    upload_->stop();
    co_await upload_->ended();
  }
  if (!body_is_over()) origin_is_clean_ = false;
  if (out_.failure || !body_is_over()) out_.keep = Keep::no;
  if (!origin_is_clean_) ends_->origin.close();
}

}  // namespace glovebox::egress
