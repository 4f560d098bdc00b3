#include "egress/http2_admission.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "codec/http_head.h"
#include "egress/hop_fields.h"
#include "egress/request_target.h"

namespace glovebox::egress {

namespace {

using net::Http2Ends;

// RFC 9113 §8.2.2.
constexpr std::array<std::string_view, 5> kOfConnections = {
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};
// RFC 9110 §6.5.1: what says something of the message before it is over.
constexpr std::array<std::string_view, 6> kNotInTrailers = {
    "host", "content-length", "expect", "authorization", "cookie", "content-encoding"};

std::unexpected<Refusal> refuse(int status, std::string_view words) {
  return std::unexpected(Refusal{status, words});
}

bool has_capitals(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

struct Parts {
  std::optional<std::string_view> method, scheme, authority, path;
  net::Fields fields;
};

std::optional<std::string_view>* pseudo_of(Parts& parts, std::string_view name) {
  if (name == ":method") return &parts.method;
  if (name == ":scheme") return &parts.scheme;
  if (name == ":authority") return &parts.authority;
  if (name == ":path") return &parts.path;
  return nullptr;
}

std::optional<Refusal> check_field(std::string_view name, std::string_view value) {
  if (has_capitals(name)) return Refusal{400, "a field name is not in small letters"};
  if (!codec::check_field_name(name) || !codec::check_field_value(value))
    return Refusal{400, "a header field is malformed or too long"};
  if (std::ranges::contains(kOfConnections, name))
    return Refusal{400, "a field of HTTP/1.1 connections stands in HTTP/2"};
  if (name == "te" && value != "trailers")
    return Refusal{400, "the field te says something else than trailers"};
  if (mimics_framing(name))
    return Refusal{400, "a header field looks like one that says how long the body is"};
  return std::nullopt;
}

std::expected<Parts, Refusal> split(const net::Fields& head) {
  Parts parts;
  std::string cookie;
  for (const auto& [name, value] : head) {
    if (name.starts_with(':')) {
      auto* const pseudo = pseudo_of(parts, name);
      if (pseudo == nullptr || *pseudo || parts.fields.size() > 0 || !cookie.empty())
        return refuse(400, "a pseudo field is unknown, repeated or behind other fields");
      *pseudo = value;
      continue;
    }
    if (const auto refusal = check_field(name, value)) return std::unexpected(*refusal);
    if (name == "cookie") {
      if (!cookie.empty()) cookie += "; ";
      cookie += value;
    } else {
      parts.fields.add(name, value);
    }
    if (parts.fields.size() >= kMaxRequestFields)
      return refuse(431, "the head has too many fields");
  }
  if (!cookie.empty()) {
    if (!codec::check_field_value(cookie)) return refuse(431, "the cookies are too long");
    parts.fields.add("cookie", std::move(cookie));
  }
  return parts;
}

}  // namespace

std::expected<AdmittedRequest, Refusal> admit_http2_request(const net::Fields& head, Http2Ends ends,
                                                            const HttpOrigin& origin,
                                                            MethodRules methods) {
  auto parts = split(head);
  if (!parts) return std::unexpected(parts.error());
  if (!parts->method) return refuse(400, "the request has no method");
  if (const auto refusal = check_method(*parts->method)) return std::unexpected(*refusal);
  if (parts->scheme != (origin.tls == policy::Tls::yes ? "https" : "http"))
    return refuse(400, "the request is for another scheme than was dialled");
  if (!parts->path || !parts->path->starts_with('/'))
    return refuse(400, "the request target is not a path");
  auto target = admit_target(*parts->path, origin);
  if (!target) return std::unexpected(target.error());
  if (!parts->authority) return refuse(400, "the request names no authority");
  if (const auto refusal = check_authority(*parts->authority, origin))
    return std::unexpected(*refusal);
  if (parts->fields.count("host") == 0) parts->fields.add("host", std::string(*parts->authority));
  const bool takes_trailers = parts->fields.find("te").has_value();

  auto out =
      admit_head({1, std::string(*parts->method), *std::move(target), std::move(parts->fields)},
                 origin, methods);
  if (!out) return out;
  if (takes_trailers) out->trailers = Trailers::taken;
  if (ends == Http2Ends::yes) {
    if (out->has_body()) return refuse(400, "the body that the head speaks of does not come");
    return out;
  }
  if (out->method == "GET" || out->method == "HEAD")
    return refuse(400, "a request of this method has no body");
  if (out->framing.kind == net::Framing::Kind::none)
    out->framing = {net::Framing::Kind::chunked, 0};
  return out;
}

net::Fields admit_trailers(const net::Fields& trailers, const Injection* injection) {
  net::Fields out;
  for (const auto& [name, value] : trailers) {
    const bool admitted = !name.starts_with(':') && !check_field(name, value) &&
                          !is_hop_by_hop(name) && !std::ranges::contains(kNotInTrailers, name) &&
                          !overrides_request_line(name) &&
                          (injection == nullptr || !same_variable(name, injection->header));
    if (admitted) out.add(name, value);
  }
  return out;
}

}  // namespace glovebox::egress
