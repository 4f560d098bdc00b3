// The head that goes to the origin, written anew; the one place where a credential is put in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/units.h"
#include "egress/http_admission.h"
#include "egress/http_refusal.h"
#include "egress/http_site.h"
#include "net/http2_session.h"

namespace glovebox::egress {

// A placeholder may stand in a head often, and be shorter than what takes its place.
constexpr std::size_t kMaxSentHead = 64 * kKiB;

// Bytes that may hold a credential: zeroed when they go. BoringSSL and the kernel have copies in
// between.
class SentHead {
 public:
  explicit SentHead(std::string bytes) : bytes_(std::move(bytes)) {}
  SentHead(SentHead&&) = default;
  SentHead& operator=(SentHead&&) = default;
  SentHead(const SentHead&) = delete;
  SentHead& operator=(const SentHead&) = delete;
  ~SentHead() { zero_memory(bytes_.data(), bytes_.size()); }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The same as fields of HTTP/2, in one piece of memory that is zeroed as well. Is written twice:
// first counted, then, behind begin(), for good.
class SentFields {
 public:
  SentFields() = default;
  SentFields(SentFields&&) = default;
  SentFields& operator=(SentFields&&) = delete;
  SentFields(const SentFields&) = delete;
  SentFields& operator=(const SentFields&) = delete;
  ~SentFields();

  void begin_field(std::string_view name);  // in small letters from now on
  void add(std::string_view text);          // to its value
  void add_secret(std::string_view text);   // the field is in no table of the origin's
  void end_field();
  void begin();

  std::size_t size() const { return used_; }
  // Views of this.
  std::vector<net::Http2Field> fields() const;

 private:
  struct Place {
    std::size_t at, name, value;
    net::Http2Field::Indexed indexed;
  };
  std::vector<char> bytes_;
  std::vector<Place> places_;
  std::size_t used_ = 0;
};

// With an injection: its header in place of the client's, placeholders in header values replaced,
// and nothing asked for under which the answer could not be searched for the secret
// (`accept-encoding: identity`; no ranges, no WebSocket extensions).
// Statuses: 431 (kMaxSentHead), 502 (a credential that cannot stand in a header).
std::expected<SentHead, Refusal> format_request_head(const AdmittedRequest& request,
                                                     const HttpOrigin& origin,
                                                     const Injection* injection);

std::expected<SentFields, Refusal> format_http2_head(const AdmittedRequest& request,
                                                     const HttpOrigin& origin,
                                                     const Injection* injection);

// Whether the placeholder stands in the target, where it stays.
Misplaced find_misplaced(const AdmittedRequest& request, const Injection* injection);

}  // namespace glovebox::egress
