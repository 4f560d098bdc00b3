// A request at an origin that speaks HTTP/2: a stream of a connection that requests of one client
// share.
#pragma once

#include <memory>
#include <string_view>

#include "egress/http_admission.h"
#include "egress/origin_exchange.h"
#include "net/http2_connection.h"

namespace glovebox::egress {

class Http2Origin final : public OriginExchange {
 public:
  // `stream` was begun on the connection. `traffic`, `request` and `injection` outlive it.
  Http2Origin(std::shared_ptr<net::Http2Connection> connection, net::Http2StreamId stream,
              Reused reused, const AdmittedRequest& request, const Injection* injection,
              Traffic& traffic);
  ~Http2Origin() override;
  Http2Origin(const Http2Origin&) = delete;
  Http2Origin& operator=(const Http2Origin&) = delete;

  net::Task<Result<void>> send(std::string_view content, net::Patience patience) override;
  net::Task<Result<void>> finish(const net::Fields& trailers, net::Patience patience) override;
  net::Task<std::expected<OriginPart, OriginTrouble>> next(net::Patience patience) override;
  void release() override {}

 private:
  OriginTrouble trouble_of(const Error& error) const;

  std::shared_ptr<net::Http2Connection> connection_;
  net::Http2StreamId stream_;
  Reused reused_;
  const AdmittedRequest& request_;
  const Injection* injection_;
  Traffic& traffic_;
  bool heard_ = false;  // of an answer
};

}  // namespace glovebox::egress
