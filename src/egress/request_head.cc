#include "egress/request_head.h"

#include <algorithm>
#include <array>
#include <format>
#include <optional>

#include "codec/http_head.h"
#include "egress/hop_fields.h"

namespace glovebox::egress {

namespace {

// What would make an answer come in pieces or spellings in which a secret is not seen.
constexpr std::array<std::string_view, 4> kNotWithCredential = {
    "accept-encoding", "range", "if-range", "sec-websocket-extensions"};

// What HTTP/2 puts in no table, beside what a secret was put into.
constexpr std::array<std::string_view, 3> kCredentials = {"authorization", "cookie",
                                                          "proxy-authorization"};
constexpr Refusal kUnusable{502, "the credential for this host cannot be sent"};
constexpr Refusal kTooLong{431, "the head is too long with the credential in it"};

bool is_left_out(std::string_view name, const Injection* injection) {
  return injection != nullptr &&
         (same_variable(name, injection->header) ||
          std::ranges::any_of(kNotWithCredential,
                              [&](std::string_view known) { return same_variable(name, known); }));
}

// The bytes of a head of HTTP/1.1, or only their number: a string that grows would leave copies
// behind.
class Writer {
 public:
  void begin_field(std::string_view name) {
    add(name);
    add(": ");
  }
  void add(std::string_view text) {
    size_ += text.size();
    if (writes_) out_ += text;
  }
  void add_secret(std::string_view text) { add(text); }
  void end_field() { add("\r\n"); }
  std::size_t size() const { return size_; }
  // From now on, what was counted is written.
  void begin() {
    out_.reserve(size_);
    writes_ = true;
  }
  SentHead take() { return SentHead(std::move(out_)); }

 private:
  std::string out_;
  std::size_t size_ = 0;
  bool writes_ = false;
};

void add_field(auto& out, std::string_view name, std::string_view value) {
  out.begin_field(name);
  out.add(value);
  out.end_field();
}

void add_replaced(auto& out, std::string_view value, const Injection* injection) {
  if (injection == nullptr || injection->placeholder.empty()) return out.add(value);
  const std::string_view placeholder = injection->placeholder;
  for (;;) {
    const std::size_t at = value.find(placeholder);
    out.add(value.substr(0, at));
    if (at == std::string_view::npos) return;
    out.add_secret(injection->secret.reveal());
    value.remove_prefix(at + placeholder.size());
  }
}

bool is_usable(const Injection& injection) {
  return !injection.secret.empty() && codec::check_field_value(injection.secret.reveal()) &&
         codec::check_field_name(injection.header) &&
         (injection.prefix.empty() || codec::check_field_value(injection.prefix.substr(
                                          0, injection.prefix.find_last_not_of(' ') + 1)));
}

// The client's, with the secret in its places.
void write_fields(auto& out, const AdmittedRequest& request, const Injection* injection) {
  for (const auto& [name, value] : request.fields) {
    if (is_left_out(name, injection)) continue;
    out.begin_field(name);
    add_replaced(out, value, injection);
    out.end_field();
  }
  if (injection == nullptr) return;
  add_field(out, "accept-encoding", "identity");
  out.begin_field(injection->header);
  out.add(injection->prefix);
  out.add_secret(injection->secret.reveal());
  out.end_field();
}

void write_framing(Writer& out, const AdmittedRequest& request) {
  if (request.expects == Expects::go_ahead) add_field(out, "expect", "100-continue");
  if (request.framing.kind == net::Framing::Kind::chunked)
    add_field(out, "transfer-encoding", "chunked");
  if (request.framing.kind == net::Framing::Kind::length)
    add_field(out, "content-length", std::to_string(request.framing.length));
  if (request.upgrade == Upgrade::websocket) {
    add_field(out, "connection", "Upgrade");
    add_field(out, "upgrade", "websocket");
  }
}

void write_head(Writer& out, const AdmittedRequest& request, const HttpOrigin& origin,
                const Injection* injection) {
  out.add(std::format("{} {} HTTP/1.1\r\n", request.method, request.target));
  add_field(out, "host", to_authority(origin));
  write_fields(out, request, injection);
  write_framing(out, request);
  out.add("\r\n");
}

void write_http2_head(SentFields& out, const AdmittedRequest& request, const HttpOrigin& origin,
                      const Injection* injection) {
  add_field(out, ":method", request.method);
  add_field(out, ":scheme", origin.tls == policy::Tls::yes ? "https" : "http");
  add_field(out, ":authority", to_authority(origin));
  add_field(out, ":path", request.target);
  write_fields(out, request, injection);
  if (request.expects == Expects::go_ahead) add_field(out, "expect", "100-continue");
  if (request.trailers == Trailers::taken) add_field(out, "te", "trailers");
  if (request.framing.kind == net::Framing::Kind::length)
    add_field(out, "content-length", std::to_string(request.framing.length));
}

}  // namespace

std::expected<SentHead, Refusal> format_request_head(const AdmittedRequest& request,
                                                     const HttpOrigin& origin,
                                                     const Injection* injection) {
  if (injection != nullptr && !is_usable(*injection)) return std::unexpected(kUnusable);
  Writer out;
  write_head(out, request, origin, injection);
  if (out.size() > kMaxSentHead) return std::unexpected(kTooLong);
  out.begin();
  write_head(out, request, origin, injection);
  return out.take();
}

SentFields::~SentFields() {
  zero_memory(bytes_.data(), bytes_.size());
}

void SentFields::begin_field(std::string_view name) {
  Place place{used_, name.size(), 0, net::Http2Field::Indexed::may_be};
  if (std::ranges::any_of(kCredentials, [&](std::string_view known) { return name == known; }))
    place.indexed = net::Http2Field::Indexed::never;
  places_.push_back(place);
  add(name);
  for (std::size_t i = place.at; i < used_ && used_ <= bytes_.size(); ++i)
    if (bytes_[i] >= 'A' && bytes_[i] <= 'Z') bytes_[i] = static_cast<char>(bytes_[i] - 'A' + 'a');
}

void SentFields::add(std::string_view text) {
  if (!bytes_.empty()) std::ranges::copy(text, bytes_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += text.size();
}

void SentFields::add_secret(std::string_view text) {
  places_.back().indexed = net::Http2Field::Indexed::never;
  add(text);
}

void SentFields::end_field() {
  Place& place = places_.back();
  place.value = used_ - place.at - place.name;
}

void SentFields::begin() {
  bytes_.resize(used_);
  used_ = 0;
  places_.clear();
}

std::vector<net::Http2Field> SentFields::fields() const {
  std::vector<net::Http2Field> out;
  const std::string_view all(bytes_.data(), bytes_.size());
  for (const Place& place : places_)
    out.push_back({all.substr(place.at, place.name), all.substr(place.at + place.name, place.value),
                   place.indexed});
  return out;
}

std::expected<SentFields, Refusal> format_http2_head(const AdmittedRequest& request,
                                                     const HttpOrigin& origin,
                                                     const Injection* injection) {
  if (injection != nullptr && !is_usable(*injection)) return std::unexpected(kUnusable);
  SentFields out;
  write_http2_head(out, request, origin, injection);
  if (out.size() > kMaxSentHead) return std::unexpected(kTooLong);
  out.begin();
  write_http2_head(out, request, origin, injection);
  return out;
}

Misplaced find_misplaced(const AdmittedRequest& request, const Injection* injection) {
  const bool found = injection != nullptr && !injection->placeholder.empty() &&
                     request.target.contains(injection->placeholder);
  return found ? Misplaced::in_target : Misplaced::no;
}

}  // namespace glovebox::egress
