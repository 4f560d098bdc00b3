// One request of an HTTP/2 client: admitted, judged, refused or passed on, and noted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "egress/http2_front.h"
#include "egress/http2_upload.h"
#include "egress/http_admission.h"
#include "egress/http_site.h"
#include "egress/origin_exchange.h"
#include "egress/secret_scrubber.h"
#include "net/http2_session.h"
#include "net/task.h"

namespace glovebox::egress {

// Serves the stream to its end and forgets it.
net::Task<void> serve_http2_request(std::shared_ptr<Http2Front> front, net::Http2StreamId stream);

// For http2_exchange.cc: one request that the policy allows, to the origin and back.
class Http2Forwarding {
 public:
  struct Outcome {
    int status = 0;                // of the answer that was begun; 0: none
    bool offered = false;          // the head went to an origin, or a part of it
    std::string address, trouble;  // as in HttpExchange
    // Why there is no whole answer. To be answered if nothing was begun and its status is not 0.
    std::optional<Refusal> failure;
  };
  // `request`, `injection` and `traffic` outlive it.
  Http2Forwarding(std::shared_ptr<Http2Front> front, net::Http2StreamId stream,
                  const AdmittedRequest& request, const Injection* injection, Traffic& traffic);
  ~Http2Forwarding();
  Http2Forwarding(const Http2Forwarding&) = delete;
  Http2Forwarding& operator=(const Http2Forwarding&) = delete;

  net::Task<Outcome> run();

 private:
  // How far one connection led. unheard: the request was not taken.
  enum class Reach : std::uint8_t { answered, unheard, failed };

  net::Task<Reach> ask();
  net::Task<Reach> read_answer();
  net::Task<void> pass_on(const OriginHead& head);
  net::Task<bool> pass_content(OriginContent content);
  net::Task<bool> deliver(std::string_view content, net::Http2Ends ends);
  net::Task<void> pass_end(const OriginEnd& end);
  net::Task<std::expected<OriginPart, OriginTrouble>> next(std::optional<Duration> at_most);
  bool delivered(const Result<void>& sent);
  void start_upload();
  net::Task<void> settle();
  bool body_is_over() const;
  net::Patience patience() const;
  Reach fail(Refusal refusal);
  Reach fail_by(const OriginTrouble& trouble);

  std::shared_ptr<Http2Front> front_;
  net::Http2StreamId stream_;
  const AdmittedRequest& request_;
  const Injection* injection_;
  Traffic& traffic_;
  net::Patience patience_;  // ends with the stream
  std::shared_ptr<OriginExchange> origin_;
  std::shared_ptr<Http2Upload> upload_;
  std::optional<SecretScrubber> scrubber_;
  std::optional<OriginHead> head_;
  bool told_to_go_ahead_ = false;
  bool answer_is_whole_ = false;
  Outcome out_;
};

}  // namespace glovebox::egress
