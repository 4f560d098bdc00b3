// Answers in HTTP/2: from an origin, admitted as the same values as in HTTP/1.1; and as fields for
// a client. Pure.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "egress/http_answer.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"
#include "net/http2_session.h"
#include "net/http_types.h"

namespace glovebox::egress {

// As admit_answer(). What is malformed is refused: 502.
std::expected<AdmittedAnswer, Refusal> admit_http2_answer(const net::Fields& head,
                                                          const AdmittedRequest& request,
                                                          const Injection* injection);

// The head of an answer for a client: `:status` first, names in small letters.
net::Fields to_http2_head(const AdmittedAnswer& answer);
// The head of an answer of our own, text/plain.
net::Fields refusal_head(int status, std::string_view text);

// Trailers of an answer, without what is of the connection and searched for the secret.
net::Fields admit_answer_trailers(const net::Fields& trailers, const Injection* injection);

// Views of the fields, which outlive them.
std::vector<net::Http2Field> to_sent(const net::Fields& fields);

}  // namespace glovebox::egress
