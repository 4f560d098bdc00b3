// The head of an answer from an origin: admitted as values, and written anew for the client. Pure.
//
// What breaks the grammar, an upgrade that nobody asked for, and an answer that could not be
// searched for the credential that went out are refused: 502. The reason phrase is not passed on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/units.h"
#include "egress/http_admission.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"
#include "net/http_head.h"
#include "net/http_types.h"

namespace glovebox::egress {

constexpr ByteLimit kMaxAnswerHead{16 * kKiB};
constexpr std::size_t kMaxAnswerFields = 128;
constexpr int kMaxInterimAnswers = 8;

struct AdmittedAnswer {
  enum class Kind : std::uint8_t {
    go_ahead,   // 100
    interim,    // another 1xx: not passed on
    switching,  // 101 to a request for a WebSocket
    final,
  };
  Kind kind = Kind::final;
  int status = 0;
  net::Fields fields;    // without framing and what is hop by hop; searched for the secret
  net::Framing framing;  // as it comes
  std::string length;    // content-length of an answer to HEAD, or of a 304; may be empty
  Keep keep = Keep::no;  // the origin's connection can carry another exchange
};

// `head` as for admit_request().
std::expected<AdmittedAnswer, Refusal> admit_answer(std::string_view head,
                                                    const AdmittedRequest& request,
                                                    const Injection* injection);

std::expected<AdmittedAnswer, Refusal> admit_answer(const net::ResponseHead& head,
                                                    const AdmittedRequest& request,
                                                    const Injection* injection);
// Fields of an answer that are not of the connection or its framing, searched for the secret.
net::Fields searched(const net::Fields& fields, const Injection* injection);

// How the client gets the body.
enum class Carriage : std::uint8_t { none, length, chunks, until_end };
Carriage carriage_of(const AdmittedAnswer& answer, const AdmittedRequest& request);

// With `connection: close` for Keep::no. For 101 without anything of it.
std::string format_answer_head(const AdmittedAnswer& answer, Carriage carriage, Keep keep);

// A whole answer of our own, text/plain.
std::string format_refusal(int status, std::string_view text, net::Asked asked, Keep keep);

}  // namespace glovebox::egress
