// A request at an origin that speaks HTTP/1.1: one at a time on a connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "egress/http_admission.h"
#include "egress/origin_exchange.h"
#include "egress/request_head.h"
#include "net/byte_stream.h"
#include "net/http_reader.h"

namespace glovebox::egress {

// A connection, and how many there are.
struct Http1Link {
  net::StreamPtr stream;
  std::string address;
  std::shared_ptr<void> counted;
  Reused reused = Reused::no;
};

class Http1Origin final : public OriginExchange {
 public:
  // `traffic`, `request` and `injection` outlive it. A link whose exchange is over and clean is
  // given back.
  Http1Origin(Http1Link link, const AdmittedRequest& request, const Injection* injection,
              Traffic& traffic, std::function<void(Http1Link)> give_back);
  // Before anything else. Kinds as send().
  net::Task<Result<void>> ask(const SentHead& head, net::Patience patience);

  net::Task<Result<void>> send(std::string_view content, net::Patience patience) override;
  net::Task<Result<void>> finish(const net::Fields& trailers, net::Patience patience) override;
  net::Task<std::expected<OriginPart, OriginTrouble>> next(net::Patience patience) override;
  void release() override;

 private:
  using Next = std::expected<OriginPart, OriginTrouble>;
  net::Task<Result<void>> write(std::string_view bytes, net::Patience patience);
  net::Task<std::expected<void, OriginTrouble>> receive(net::Patience patience);
  std::expected<std::optional<OriginPart>, OriginTrouble> take_head();
  std::expected<std::optional<OriginPart>, OriginTrouble> take_body();

  Http1Link link_;
  const AdmittedRequest& request_;
  const Injection* injection_;
  Traffic& traffic_;
  std::function<void(Http1Link)> give_back_;
  std::string pending_;
  net::HeadCollector collector_{kMaxAnswerHead};
  std::optional<net::BodyDecoder> body_;  // behind the last head
  std::uint64_t content_ = 0;             // of the request, sent
  Keep keep_ = Keep::no;
  bool heard_ = false;  // a byte of an answer came
  bool ended_ = false;  // what the origin sends
};

}  // namespace glovebox::egress
