// The head and the trailers of a request from a box in HTTP/2 (RFC 9113 §8): admitted as the same
// values as in HTTP/1.1, or refused. Pure.
//
// Beside what http_admission.h refuses: pseudo fields that are missing, unknown, repeated or behind
// others, `:scheme` other than the origin's, `:path` that is no path, an `:authority` or `host`
// other than what was dialled, names that are not in small letters, fields of HTTP/1.1 connections,
// `te` other than `trailers`. The parts of a cookie become one field.
#pragma once

#include <expected>

#include "egress/http_admission.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"
#include "net/http2_session.h"
#include "net/http_types.h"

namespace glovebox::egress {

// `ends`: nothing follows the head. A body of unknown length is admitted as `chunked`.
// Statuses: 400, 405, 414, 417, 421, 431.
std::expected<AdmittedRequest, Refusal> admit_http2_request(const net::Fields& head,
                                                            net::Http2Ends ends,
                                                            const HttpOrigin& origin,
                                                            MethodRules methods);

// What may follow a body: fields that say nothing of framing, routing, or the connection, and are
// not the one that a credential is put into.
net::Fields admit_trailers(const net::Fields& trailers, const Injection* injection);

}  // namespace glovebox::egress
