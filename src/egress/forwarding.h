// One request that the policy allows: to the origin and back. For http_relay.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "egress/http_admission.h"
#include "egress/http_answer.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"
#include "egress/relay_ends.h"
#include "egress/request_head.h"
#include "egress/secret_scrubber.h"
#include "egress/upload.h"
#include "net/cancel.h"
#include "net/task.h"

namespace glovebox::egress {

// What became of it.
struct Forwarded {
  Keep keep = Keep::no;  // of the client's connection, if it was answered
  int status = 0;        // of the answer that was begun; 0: none
  bool offered = false;  // the head went to an origin, or a part of it
  std::string trouble;   // why the origin was not reached, for the operator
  // Why there is no whole answer. To be answered if nothing was begun and its status is not 0.
  std::optional<Refusal> failure;
};

// Ends the upload with itself. `site` and `request` outlive it.
class Forwarding {
 public:
  // `injection`: what the head that is sent was written with; outlives it as well.
  // `wanted`: whether the client's connection may go on after the answer.
  Forwarding(std::shared_ptr<RelayEnds> ends, HttpSite& site, const AdmittedRequest& request,
             const Injection* injection, Keep wanted, net::Patience patience);
  ~Forwarding();
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  net::Task<Forwarded> run(SentHead head);

 private:
  // How far one connection led. dead: it ended before a byte of an answer came.
  enum class Reach : std::uint8_t { answered, dead, failed };

  net::Task<Reach> try_kept(const SentHead& head);
  net::Task<Reach> try_fresh(const SentHead& head);
  net::Task<Reach> ask(const SentHead& head);
  net::Task<Reach> read_answer();
  net::Task<void> await_go_ahead();
  void start_upload();
  net::Task<Result<std::string>> read_head();
  net::Task<void> pass_on();
  net::Task<void> pass_body();
  net::Task<void> tunnel();
  net::Task<bool> deliver(std::string content, std::string before);
  net::Task<bool> finish_body();
  net::Task<Result<bool>> receive(Duration silence);
  net::Task<void> settle();
  std::string carried(std::string content) const;
  net::Patience patience() const;
  bool body_is_over() const;
  Reach fail(Refusal refusal);
  Reach fail_by(const Error& error);
  // Whether it went to the client; notes why not.
  bool delivered(const Result<void>& sent);

  std::shared_ptr<RelayEnds> ends_;
  HttpSite& site_;
  const AdmittedRequest& request_;
  const Injection* injection_;
  Keep wanted_;
  net::Patience patience_;
  std::shared_ptr<Upload> upload_;
  std::optional<SecretScrubber> scrubber_;
  std::optional<AdmittedAnswer> answer_;
  Carriage carriage_ = Carriage::none;
  bool heard_ = false;  // a byte of an answer came on this connection
  bool told_to_go_ahead_ = false;
  bool origin_is_clean_ = false;  // its connection can carry the next exchange
  Forwarded out_;
};

}  // namespace glovebox::egress
