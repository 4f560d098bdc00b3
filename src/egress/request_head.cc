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

bool is_left_out(std::string_view name, const Injection* injection) {
  return injection != nullptr &&
         (same_variable(name, injection->header) ||
          std::ranges::any_of(kNotWithCredential,
                              [&](std::string_view known) { return same_variable(name, known); }));
}

// The bytes of a head, or only their number: a string that grows would leave copies behind.
class Writer {
 public:
  void add(std::string_view text) {
    size_ += text.size();
    if (writes_) out_ += text;
  }
  void field(std::string_view name, std::string_view value) {
    add(name);
    add(": ");
    add(value);
    add("\r\n");
  }
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

void add_replaced(Writer& out, std::string_view value, const Injection* injection) {
  if (injection == nullptr || injection->placeholder.empty()) return out.add(value);
  const std::string_view placeholder = injection->placeholder;
  for (;;) {
    const std::size_t at = value.find(placeholder);
    out.add(value.substr(0, at));
    if (at == std::string_view::npos) return;
    out.add(injection->secret.reveal());
    value.remove_prefix(at + placeholder.size());
  }
}

bool is_usable(const Injection& injection) {
  return !injection.secret.empty() && codec::check_field_value(injection.secret.reveal()) &&
         codec::check_field_name(injection.header) &&
         (injection.prefix.empty() || codec::check_field_value(injection.prefix.substr(
                                          0, injection.prefix.find_last_not_of(' ') + 1)));
}

void add_framing(Writer& out, const AdmittedRequest& request) {
  if (request.expects == Expects::go_ahead) out.field("expect", "100-continue");
  if (request.framing.kind == net::Framing::Kind::chunked)
    out.field("transfer-encoding", "chunked");
  if (request.framing.kind == net::Framing::Kind::length)
    out.field("content-length", std::to_string(request.framing.length));
  if (request.upgrade == Upgrade::websocket) {
    out.field("connection", "Upgrade");
    out.field("upgrade", "websocket");
  }
}

void write_head(Writer& out, const AdmittedRequest& request, const HttpOrigin& origin,
                const Injection* injection) {
  out.add(std::format("{} {} HTTP/1.1\r\n", request.method, request.target));
  out.field("host", to_authority(origin));
  for (const auto& [name, value] : request.fields) {
    if (is_left_out(name, injection)) continue;
    out.add(name);
    out.add(": ");
    add_replaced(out, value, injection);
    out.add("\r\n");
  }
  if (injection != nullptr) {
    out.field("accept-encoding", "identity");
    out.add(injection->header);
    out.add(": ");
    out.add(injection->prefix);
    out.add(injection->secret.reveal());
    out.add("\r\n");
  }
  add_framing(out, request);
  out.add("\r\n");
}

}  // namespace

std::expected<SentHead, Refusal> format_request_head(const AdmittedRequest& request,
                                                     const HttpOrigin& origin,
                                                     const Injection* injection) {
  if (injection != nullptr && !is_usable(*injection))
    return std::unexpected(Refusal{502, "the credential for this host cannot be sent"});
  Writer out;
  write_head(out, request, origin, injection);
  if (out.size() > kMaxSentHead)
    return std::unexpected(Refusal{431, "the head is too long with the credential in it"});
  out.begin();
  write_head(out, request, origin, injection);
  return out.take();
}

Misplaced find_misplaced(const AdmittedRequest& request, const Injection* injection) {
  const bool found = injection != nullptr && !injection->placeholder.empty() &&
                     request.target.contains(injection->placeholder);
  return found ? Misplaced::in_target : Misplaced::no;
}

}  // namespace glovebox::egress
