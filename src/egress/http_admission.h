// The head of a request from a box: admitted as values, or refused. Pure, no policy, no I/O.
//
// Stricter than RFC 9112 where two readers could disagree. Beside what net/http_head.h refuses:
// another authority than the one that was dialled, targets with two readings (request_target.h),
// methods in other letters than A–Z and `-`, GET and HEAD with a body, a Connection field that
// names end-to-end fields, fields that only some servers take for framing. TRACE, TRACK, CONNECT
// and PRI are 405 in any spelling.
//
// What is admitted holds end-to-end fields only. Nothing received is sent on as bytes: the head is
// written anew (request_head.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"
#include "net/http_head.h"
#include "net/http_types.h"

namespace glovebox::egress {

constexpr ByteLimit kMaxRequestHead{16 * kKiB};
constexpr std::size_t kMaxRequestFields = 64;

enum class Upgrade : std::uint8_t { none, websocket };
enum class Expects : std::uint8_t { nothing, go_ahead };  // `100-continue`
enum class Keep : std::uint8_t { no, yes };
enum class Trailers : std::uint8_t { not_taken, taken };  // by the client: `te: trailers`

struct AdmittedRequest {
  int minor_version = 1;
  std::string method;
  std::string target;  // origin form, with the query
  net::Fields fields;  // as given; without host, framing, expect and what is hop by hop
  net::Framing framing;
  Upgrade upgrade = Upgrade::none;
  Expects expects = Expects::nothing;
  Keep keep = Keep::yes;
  Trailers trailers = Trailers::not_taken;  // only in HTTP/2

  std::string_view path() const;  // without the query
  net::Asked asked() const {
    return method == "HEAD" ? net::Asked::for_head : net::Asked::for_body;
  }
  bool has_body() const;
  // Sent twice it does no more than sent once.
  bool is_idempotent() const;
};

// `head` is everything up to and without the blank line, each line with its CRLF
// (net::HeadCollector). Statuses: 400, 405, 414, 417, 421, 431, 505.
std::expected<AdmittedRequest, Refusal> admit_request(std::string_view head,
                                                      const HttpOrigin& origin,
                                                      MethodRules methods);

// The same of a head whose method and target are admitted already.
std::expected<AdmittedRequest, Refusal> admit_head(const net::RequestHead& head,
                                                   const HttpOrigin& origin, MethodRules methods);
std::optional<Refusal> check_method(std::string_view method);

// The method of a head that was refused, for the record; empty if there is none.
std::string_view method_of(std::string_view head);

}  // namespace glovebox::egress
