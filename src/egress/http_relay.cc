#include "egress/http_relay.h"

#include <algorithm>
#include <expected>
#include <format>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "egress/forwarding.h"
#include "egress/http_admission.h"
#include "egress/http_answer.h"
#include "egress/request_head.h"
#include "egress/secret_scrubber.h"
#include "net/http_reader.h"

namespace glovebox::egress {

namespace {

constexpr Duration kLinger = seconds(1);
constexpr std::uint64_t kMaxLinger = 1 * kMiB;

// A head as it came, or why there is none.
struct Arrived {
  std::string text;                // also of a head that is refused, as far as it was read
  std::optional<Refusal> refusal;  // nothing and no text: the client is done
};

class Relay {
 public:
  Relay(net::Loop& loop, net::StreamPtr client, HttpSite& site, const HttpRelayLimits& limits,
        net::Patience patience)
      : ends_(std::make_shared<RelayEnds>(loop, std::move(client), limits)),
        site_(site),
        patience_(std::move(patience)) {}

  net::Task<Result<void>> serve();

 private:
  net::Task<Result<Arrived>> read_head();
  net::Task<Keep> exchange(Arrived arrived);
  net::Task<Keep> serve_request(const AdmittedRequest& request, HttpExchange& record);
  net::Task<Keep> forward(const AdmittedRequest& request, const Injection* injection,
                          HttpExchange& record);
  net::Task<Keep> answer(int status, std::string_view text, net::Asked asked, Keep keep,
                         HttpExchange& record);
  net::Task<Keep> refuse(const Refusal& refusal, net::Asked asked, HttpExchange& record);
  net::Task<void> linger();
  Keep after(const AdmittedRequest& request) const;

  std::shared_ptr<RelayEnds> ends_;
  HttpSite& site_;
  net::Patience patience_;
  std::uint32_t requests_ = 0;
};

Refusal by_head_error(const Error& error, std::string_view so_far) {
  if (error.kind() != ErrorKind::limit) return {400, "the head is malformed"};
  return so_far.contains("\r\n") ? Refusal{431, "the head is too long"}
                                 : Refusal{414, "the request line is too long"};
}

net::Task<Result<void>> Relay::serve() {
  for (Keep keep = Keep::yes; keep == Keep::yes;) {
    Arrived arrived = CO_TRY(co_await read_head());
    if (arrived.text.empty() && !arrived.refusal) co_return Result<void>();
    ++requests_;
    keep = co_await exchange(std::move(arrived));
    if (patience_.token.cancelled())
      co_return Error(ErrorKind::cancelled, "the connection was called off");
  }
  co_await linger();
  co_return Result<void>();
}

// One empty line before a request line is passed over (RFC 9112 §2.2), no more.
net::Task<Result<Arrived>> Relay::read_head() {
  RelayEnds& ends = *ends_;
  RelayEnd& client = ends.client;
  net::HeadCollector collector(kMaxRequestHead);
  std::optional<Duration> due;  // once a byte of the head has come
  bool skipped = false;
  Duration until = ends.loop.now() + ends.limits.idle;
  for (;;) {
    if (!client.pending.empty()) {
      if (!due) until = *(due = ends.loop.now() + ends.limits.head);
      const auto used = collector.push(client.pending);
      if (!used)
        co_return Arrived{std::string(collector.text()),
                          by_head_error(used.error(), collector.text())};
      client.take(*used);
      if (collector.done() && !collector.text().empty())
        co_return Arrived{std::string(collector.text()), std::nullopt};
      if (collector.done()) {
        if (std::exchange(skipped, true))
          co_return Arrived{{}, Refusal{400, "there is more than one empty line before a request"}};
        collector.clear();
      }
      continue;
    }
    const auto bytes = co_await client.stream->read(patience_.no_later_than(until));
    if (bytes && !bytes->empty()) {
      client.pending = *bytes;
      continue;
    }
    const bool over = patience_.deadline && *patience_.deadline <= ends.loop.now();
    if (!bytes && (bytes.error().kind() == ErrorKind::cancelled ||
                   (bytes.error().kind() == ErrorKind::timeout && over)))
      co_return bytes.error();
    if (!bytes && bytes.error().kind() == ErrorKind::timeout && !collector.empty())
      co_return Arrived{{}, Refusal{408, "the head came too slowly"}};
    co_return Arrived{};
  }
}

net::Task<Keep> Relay::exchange(Arrived arrived) {
  RelayEnds& ends = *ends_;
  const Duration began = ends.loop.now();
  const std::uint64_t up = ends.up, down = ends.down;
  HttpExchange record;
  record.method = method_of(arrived.text);
  Keep keep = Keep::no;
  if (arrived.refusal) {
    keep = co_await refuse(*arrived.refusal, net::Asked::for_body, record);
  } else {
    const auto request = admit_request(arrived.text, site_.origin(), site_.method_rules());
    arrived.text = std::string();
    if (request)
      keep = co_await serve_request(*request, record);
    else
      keep = co_await refuse(request.error(),
                             record.method == "HEAD" ? net::Asked::for_head : net::Asked::for_body,
                             record);
  }
  record.up = ends.up - up;
  record.down = ends.down - down;
  record.duration = ends.loop.now() - began;
  site_.note(record);
  co_return keep;
}

Keep Relay::after(const AdmittedRequest& request) const {
  return request.keep == Keep::yes && requests_ < ends_->limits.requests ? Keep::yes : Keep::no;
}

net::Task<Keep> Relay::serve_request(const AdmittedRequest& request, HttpExchange& record) {
  const Verdict verdict = site_.judge(request.method, request.path());
  const Injection* injection = verdict.injection ? &*verdict.injection : nullptr;
  record.path = injection == nullptr ? std::string(request.path())
                                     : mask_secret(request.path(), injection->secret);
  record.misplaced = find_misplaced(request, injection);
  record.rule = verdict.rule;
  record.words = verdict.words;
  if (verdict.allowed) co_return co_await forward(request, injection, record);
  record.outcome = HttpExchange::Outcome::denied;
  // A body that comes behind is not read.
  const Keep keep = request.has_body() ? Keep::no : after(request);
  co_return co_await answer(403, to_text(verdict), request.asked(), keep, record);
}

net::Task<Keep> Relay::forward(const AdmittedRequest& request, const Injection* injection,
                               HttpExchange& record) {
  record.outcome = HttpExchange::Outcome::failed;
  if (request.framing.kind == net::Framing::Kind::length &&
      request.framing.length > ends_->up_left())
    co_return co_await refuse({413, "the body is larger than what this connection may still send"},
                              request.asked(), record);
  auto head = format_request_head(request, site_.origin(), injection);
  if (!head) co_return co_await refuse(head.error(), request.asked(), record);
  if (head->bytes().size() > ends_->up_left())
    co_return co_await refuse({413, "this connection may send no more"}, request.asked(), record);
  if (ends_->down_left() == 0)
    co_return co_await refuse({413, "this connection may receive no more"}, request.asked(),
                              record);
  Forwarding forwarding(ends_, site_, request, injection, after(request), patience_);
  const Forwarded done = co_await forwarding.run(*std::move(head));
  if (injection != nullptr && done.offered) record.credential = injection->name;
  record.status = done.status;
  record.address = ends_->address;
  record.trouble = done.trouble;
  if (!done.failure) {
    record.outcome = HttpExchange::Outcome::allowed;
    co_return done.keep;
  }
  record.words = done.failure->words;
  if (done.status == 0 && done.failure->status != 0)
    co_return co_await refuse(*done.failure, request.asked(), record);
  // The answer cannot be ended in a way that looks whole.
  ends_->client.close();
  co_return Keep::no;
}

net::Task<Keep> Relay::refuse(const Refusal& refusal, net::Asked asked, HttpExchange& record) {
  record.words = refusal.words;
  co_return co_await answer(refusal.status, std::format("{}\n", refusal.words), asked, Keep::no,
                            record);
}

net::Task<Keep> Relay::answer(int status, std::string_view text, net::Asked asked, Keep keep,
                              HttpExchange& record) {
  const std::string message = format_refusal(status, text, asked, keep);
  if (!co_await ends_->send(ends_->client, message, patience_)) co_return Keep::no;
  record.status = status;
  co_return keep;
}

// Closing a socket with bytes left unread sends a reset, which can take from the client the answer
// that it has not read yet. So what still comes is read for a moment.
net::Task<void> Relay::linger() {
  RelayEnds& ends = *ends_;
  if (ends.client.stream == nullptr) co_return;
  ends.origin.close();
  const net::Patience patience = patience_.no_later_than(ends.loop.now() + kLinger);
  if (!co_await ends.client.stream->finish(patience)) co_return;
  for (std::uint64_t taken = 0; taken < kMaxLinger;) {
    const auto bytes = co_await ends.client.stream->read(patience);
    if (!bytes || bytes->empty()) co_return;
    taken += bytes->size();
  }
}

}  // namespace

net::Task<Result<void>> relay_http(net::Loop& loop, net::StreamPtr client, HttpSite& site,
                                   HttpRelayLimits limits, net::Patience patience) {
  Relay relay(loop, std::move(client), site, limits, std::move(patience));
  co_return co_await relay.serve();
}

}  // namespace glovebox::egress
