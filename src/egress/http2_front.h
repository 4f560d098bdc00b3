// What the exchanges of one HTTP/2 client share.
#pragma once

#include <memory>
#include <utility>

#include "egress/http_site.h"
#include "egress/origin_exchange.h"
#include "egress/origins.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/http2_connection.h"
#include "net/loop.h"

namespace glovebox::egress {

struct Http2Front {
  Http2Front(net::Loop& on, HttpSite& at, const HttpRelayLimits& limits, net::Patience with,
             std::shared_ptr<net::Http2Connection> from)
      : loop(on),
        site(at),
        totals{limits},
        patience(std::move(with)),
        client(std::move(from)),
        origins(on, at, limits, patience),
        one_ended(on) {}
  ~Http2Front() { client->close(); }
  Http2Front(const Http2Front&) = delete;
  Http2Front& operator=(const Http2Front&) = delete;

  const HttpRelayLimits& limits() const { return totals.limits; }

  net::Loop& loop;
  HttpSite& site;
  RelayTotals totals;
  const net::Patience patience;
  const std::shared_ptr<net::Http2Connection> client;
  Origins origins;
  net::Event one_ended;  // of the exchanges
};

}  // namespace glovebox::egress
