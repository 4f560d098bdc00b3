#include "egress/http2_exchange.h"

#include <format>
#include <utility>

#include "codec/http_head.h"
#include "egress/http2_admission.h"
#include "egress/http2_answer.h"
#include "egress/request_head.h"

namespace glovebox::egress {

namespace {

class Exchange {
 public:
  Exchange(std::shared_ptr<Http2Front> front, net::Http2StreamId stream)
      : front_(std::move(front)), stream_(stream), traffic_(front_->loop, front_->totals) {}
  ~Exchange() { front_->client->forget(stream_); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  net::Task<void> serve();

 private:
  net::Task<void> serve_arrived(const net::Http2Arrival& arrived);
  net::Task<void> serve_request(const AdmittedRequest& request);
  net::Task<void> forward(const AdmittedRequest& request, const Injection* injection);
  net::Task<void> refuse(const Refusal& refusal, net::Asked asked);
  net::Task<void> answer(int status, std::string_view text, net::Asked asked);

  std::shared_ptr<Http2Front> front_;
  net::Http2StreamId stream_;
  Traffic traffic_;
  HttpExchange record_;
};

net::Task<void> Exchange::serve() {
  const Duration began = front_->loop.now();
  // Its head is there.
  const auto arrived = co_await front_->client->receive(stream_, front_->patience);
  if (!arrived || !arrived->head) co_return;
  co_await serve_arrived(*arrived);
  record_.up = traffic_.up();
  record_.down = traffic_.down();
  record_.duration = front_->loop.now() - began;
  front_->site.note(record_);
}

net::Task<void> Exchange::serve_arrived(const net::Http2Arrival& arrived) {
  const std::string_view method = arrived.head->find(":method").value_or("");
  if (codec::check_method(method)) record_.method = method;
  const net::Asked asked = method == "HEAD" ? net::Asked::for_head : net::Asked::for_body;
  if (arrived.head_size == net::Http2Stream::HeadSize::too_large)
    co_return co_await refuse({431, "the head is too long"}, asked);
  const auto request = admit_http2_request(*arrived.head, arrived.ends, front_->site.origin(),
                                           front_->site.method_rules());
  if (request)
    co_await serve_request(*request);
  else
    co_await refuse(request.error(), asked);
}

net::Task<void> Exchange::serve_request(const AdmittedRequest& request) {
  const Verdict verdict = front_->site.judge(request.method, request.path());
  const Injection* injection = verdict.injection ? &*verdict.injection : nullptr;
  record_.path = injection == nullptr ? std::string(request.path())
                                      : mask_secret(request.path(), injection->secret);
  record_.misplaced = find_misplaced(request, injection);
  record_.rule = verdict.rule;
  record_.words = verdict.words;
  if (verdict.allowed) co_return co_await forward(request, injection);
  record_.outcome = HttpExchange::Outcome::denied;
  co_await answer(403, to_text(verdict), request.asked());
}

net::Task<void> Exchange::forward(const AdmittedRequest& request, const Injection* injection) {
  record_.outcome = HttpExchange::Outcome::failed;
  if (request.framing.kind == net::Framing::Kind::length &&
      request.framing.length > front_->totals.up_left())
    co_return co_await refuse({413, "the body is larger than what this connection may still send"},
                              request.asked());
  Http2Forwarding forwarding(front_, stream_, request, injection, traffic_);
  const Http2Forwarding::Outcome done = co_await forwarding.run();
  if (injection != nullptr && done.offered) record_.credential = injection->name;
  record_.status = done.status;
  record_.address = done.address;
  record_.trouble = done.trouble;
  if (!done.failure) {
    record_.outcome = HttpExchange::Outcome::allowed;
    // A body that nobody reads any more (RFC 9113 §8.1).
    front_->client->reset(stream_, net::Http2Code::no_error);
    co_return;
  }
  record_.words = done.failure->words;
  if (done.status == 0 && done.failure->status != 0)
    co_return co_await refuse(*done.failure, request.asked());
  // The answer cannot be ended in a way that looks whole.
  front_->client->reset(stream_, net::Http2Code::internal_error);
}

net::Task<void> Exchange::refuse(const Refusal& refusal, net::Asked asked) {
  record_.words = refusal.words;
  co_await answer(refusal.status, std::format("{}\n", refusal.words), asked);
}

net::Task<void> Exchange::answer(int status, std::string_view text, net::Asked asked) {
  net::Http2Connection& client = *front_->client;
  const net::Patience patience{front_->loop.now() + front_->limits().write, client.token(stream_)};
  const bool bare = asked == net::Asked::for_head;
  const net::Fields head = refusal_head(status, text);
  if (!client.answer(stream_, to_sent(head), bare ? net::Http2Ends::yes : net::Http2Ends::no))
    co_return;
  const auto sent = bare ? co_await client.sent(stream_, patience)
                         : co_await client.send(stream_, text, net::Http2Ends::yes, patience);
  if (!sent) co_return;
  record_.status = status;
  // A body that comes behind is not read.
  client.reset(stream_, net::Http2Code::no_error);
}

}  // namespace

net::Task<void> serve_http2_request(std::shared_ptr<Http2Front> front, net::Http2StreamId stream) {
  {
    Exchange exchange(front, stream);
    co_await exchange.serve();
  }
  front->one_ended.set();
}

}  // namespace glovebox::egress
