// One request at its origin, in whichever version of HTTP the origin speaks. Origins makes them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/units.h"
#include "egress/http_answer.h"
#include "egress/http_refusal.h"
#include "egress/relay_ends.h"
#include "net/cancel.h"
#include "net/http2_session.h"
#include "net/http_types.h"
#include "net/loop.h"
#include "net/task.h"

namespace glovebox::egress {

// What one client's connection may move, and has, all exchanges together.
struct RelayTotals {
  HttpRelayLimits limits;
  std::uint64_t up = 0, down = 0;
  std::uint64_t up_left() const;
  std::uint64_t down_left() const;
};

// What one exchange has moved to its origin and from it, and when last, either way.
class Traffic {
 public:
  Traffic(const net::Loop& loop, RelayTotals& totals) : loop_(loop), totals_(totals) {}
  void add_up(std::uint64_t bytes);
  void add_down(std::uint64_t bytes);
  void touch() { moved_ = loop_.now(); }

  std::uint64_t up() const { return up_; }
  std::uint64_t down() const { return down_; }
  Duration moved() const { return moved_; }
  const RelayTotals& totals() const { return totals_; }

 private:
  const net::Loop& loop_;
  RelayTotals& totals_;
  std::uint64_t up_ = 0, down_ = 0;
  Duration moved_ = loop_.now();
};

// Whether a connection carried other exchanges before: then its peer may have ended it unseen.
enum class Reused : std::uint8_t { no, yes };

struct OriginHead {
  AdmittedAnswer answer;
  net::Http2Ends ends = net::Http2Ends::no;  // nothing follows
};
struct OriginContent {
  std::string bytes;  // not empty
  net::Http2Ends ends = net::Http2Ends::no;
};
struct OriginEnd {
  net::Fields trailers;  // admitted, and searched for the secret
};
using OriginPart = std::variant<OriginHead, OriginContent, OriginEnd>;

struct OriginTrouble {
  enum class What : std::uint8_t {
    silence,  // until the deadline: may be asked again
    unheard,  // the request was not taken, or its kept connection was dead
    broken,
  };
  What what = What::broken;
  Refusal refusal;
};

// One send() or finish() and one next() may be under way at once. Its end calls off what is not
// over, and the origin hears of it.
class OriginExchange {
 public:
  virtual ~OriginExchange() = default;

  // Content of the request, until it has gone. Kinds: closed, timeout, cancelled, io.
  virtual net::Task<Result<void>> send(std::string_view content, net::Patience patience) = 0;
  // The request is whole.
  virtual net::Task<Result<void>> finish(const net::Fields& trailers, net::Patience patience) = 0;
  // The next of the answer: heads, the last of them final; content; the end, unless one of these
  // was it.
  virtual net::Task<std::expected<OriginPart, OriginTrouble>> next(net::Patience patience) = 0;
  // Request and answer are whole: the connection may carry another.
  virtual void release() = 0;
};

}  // namespace glovebox::egress
