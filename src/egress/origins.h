// The connections to one origin that the requests of one HTTP/2 client share, and nobody else.
//
// The first request finds out what the origin speaks. HTTP/2: one connection carries all. HTTP/1.1:
// one connection for each request that is under way, kept for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "egress/http1_origin.h"
#include "egress/http2_origin.h"
#include "egress/http_admission.h"
#include "egress/http_site.h"
#include "egress/origin_exchange.h"
#include "egress/request_head.h"
#include "net/cancel.h"
#include "net/event.h"
#include "net/http2_connection.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress {

// To an origin that speaks HTTP/1.1; further requests wait, for as long as dialling may take.
inline constexpr std::size_t kMostLinks = 32;
inline constexpr std::size_t kMostIdleLinks = 8;
// Towards an origin: a window covers a distance, and its bytes are held only while a box does not
// read.
inline constexpr net::Http2Limits kOriginHttp2{.streams = 100,
                                               .head = kMaxAnswerHead,
                                               .fields = kMaxAnswerFields,
                                               .stream_window = 1 * kMiB,
                                               .connection_window = 2 * kMiB};

class Origins {
 public:
  enum class Offered : std::uint8_t { no, yes };  // whether a part of the head was sent
  // A request that was sent, or begun to be.
  struct Begun {
    std::shared_ptr<OriginExchange> exchange;
    std::string address;
  };
  // Why not: for the client, and for the operator.
  struct Failed {
    OriginTrouble trouble;
    std::string reason;   // may name addresses
    std::string address;  // dialled in vain, or before
    Offered offered = Offered::no;
  };

  // Loop, site and totals outlive it. `patience` is for connections.
  Origins(net::Loop& loop, HttpSite& site, const HttpRelayLimits& limits, net::Patience patience);
  ~Origins();
  Origins(const Origins&) = delete;
  Origins& operator=(const Origins&) = delete;

  // Sends the head. `request`, `injection` and `traffic` outlive what is begun.
  net::Task<std::expected<Begun, Failed>> begin(const AdmittedRequest& request,
                                                const Injection* injection, Traffic& traffic,
                                                net::Patience patience);
  // An exchange has ended: who waits for its place looks again.
  void freed() { shared_->changed.set(); }

 private:
  // Outlives links that are in use.
  struct Shared {
    explicit Shared(net::Loop& loop) : changed(loop) {}
    net::Event changed;
    std::size_t links = 0;
    std::vector<Http1Link> idle;
  };
  struct Http2Link {
    std::shared_ptr<net::Http2Connection> connection;
    std::string address;
    Reused reused = Reused::no;
  };
  using Link = std::variant<Http1Link, Http2Link>;
  struct Unreached {
    Error error;
    std::string address;
  };
  template <class T>
  using Reaching = std::expected<T, Unreached>;

  net::Task<Reaching<Link>> reach(net::Patience patience);
  net::Task<Reaching<void>> dial(net::Patience patience);
  std::optional<Link> take();
  bool must_wait() const;
  net::Task<std::expected<Begun, Failed>> begin_http1(Http1Link link, SentHead head,
                                                      const AdmittedRequest& request,
                                                      const Injection* injection, Traffic& traffic,
                                                      net::Patience patience);
  std::expected<Begun, Failed> begin_http2(const Http2Link& link, const AdmittedRequest& request,
                                           const Injection* injection, Traffic& traffic);

  net::Loop& loop_;
  HttpSite& site_;
  HttpRelayLimits limits_;
  net::Patience patience_;
  std::shared_ptr<Shared> shared_;
  std::optional<Http2Link> http2_;
  bool is_http1_ = false;  // as far as is known
  bool dialling_ = false;  // to find out what the origin speaks
};

}  // namespace glovebox::egress
