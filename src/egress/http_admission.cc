#include "egress/http_admission.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "codec/http_head.h"
#include "egress/hop_fields.h"
#include "egress/request_target.h"

namespace glovebox::egress {

namespace {

constexpr std::array<std::string_view, 4> kForbiddenMethods = {"TRACE", "TRACK", "CONNECT", "PRI"};
// What the relay writes itself.
constexpr std::array<std::string_view, 3> kOwnFields = {"host", "content-length", "expect"};

std::unexpected<Refusal> refuse(int status, std::string_view words) {
  return std::unexpected(Refusal{status, words});
}

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::any_of(
      names, [&](std::string_view known) { return net::equal_ignoring_case(name, known); });
}

std::string_view first_line(std::string_view head) {
  return head.substr(0, head.find("\r\n"));
}

bool is_plain_method(std::string_view method) {
  return std::ranges::all_of(method, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
}

std::expected<int, Refusal> minor_version_of(std::string_view version) {
  if (version == "HTTP/1.1") return 1;
  if (version == "HTTP/1.0") return 0;
  if (version.starts_with("HTTP/")) return refuse(505, "this HTTP version is not spoken here");
  return refuse(400, "the request line does not end in an HTTP version");
}

struct RequestLine {
  int minor_version = 1;
  std::string_view method, target;
};

std::expected<RequestLine, Refusal> parse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return refuse(400, "the request line does not have three parts");
  RequestLine out{1, line.substr(0, first), line.substr(first + 1, last - first - 1)};
  // Before the version: the preface of HTTP/2 is a method that is not passed on.
  if (const auto refusal = check_method(out.method)) return std::unexpected(*refusal);
  const auto minor = minor_version_of(line.substr(last + 1));
  if (!minor) return std::unexpected(minor.error());
  out.minor_version = *minor;
  return out;
}

std::expected<net::Fields, Refusal> parse_fields(std::string_view rest) {
  net::Fields fields;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return refuse(400, "a line of the head has no end");
    if (fields.size() == kMaxRequestFields) return refuse(431, "the head has too many fields");
    auto field = net::parse_field_line(rest.substr(0, end));
    if (!field) return refuse(400, "a header field is malformed or too long");
    if (mimics_framing(field->name))
      return refuse(400, "a header field looks like one that says how long the body is");
    fields.add(std::move(field->name), std::move(field->value));
    rest.remove_prefix(end + 2);
  }
  return fields;
}

std::optional<Refusal> check_host(const net::Fields& fields, const HttpOrigin& origin) {
  if (fields.count("host") != 1) return Refusal{400, "a request needs exactly one Host field"};
  return check_authority(*fields.find("host"), origin);
}

std::expected<Expects, Refusal> expectation_of(const net::RequestHead& head) {
  const std::size_t count = head.fields.count("expect");
  if (count == 0 || head.minor_version == 0) return Expects::nothing;
  if (count > 1 || !net::equal_ignoring_case(*head.fields.find("expect"), "100-continue"))
    return refuse(417, "no other expectation than 100-continue is met");
  return Expects::go_ahead;
}

// Any other protocol that is offered is an offer the origin never sees.
Upgrade upgrade_of(const net::RequestHead& head, const net::Framing& framing) {
  const bool asked =
      head.method == "GET" && head.minor_version == 1 && framing.kind == net::Framing::Kind::none &&
      head.fields.lists("connection", "upgrade") && head.fields.count("upgrade") == 1 &&
      net::equal_ignoring_case(*head.fields.find("upgrade"), "websocket");
  return asked ? Upgrade::websocket : Upgrade::none;
}

std::expected<net::Framing, Refusal> framing_of(const net::RequestHead& head) {
  auto framing = net::request_framing(head);
  if (!framing) return refuse(400, "it is not clear how long the body is");
  const bool empty = framing->kind == net::Framing::Kind::none ||
                     (framing->kind == net::Framing::Kind::length && framing->length == 0);
  if (head.method == "GET" || head.method == "HEAD") {
    if (!empty) return refuse(400, "a request of this method has no body");
    return net::Framing{};
  }
  return *framing;
}

net::Fields end_to_end(const net::Fields& fields, MethodRules methods) {
  net::Fields out;
  for (const auto& [name, value] : fields) {
    if (is_hop_by_hop(name) || is_one_of(name, kOwnFields)) continue;
    if (methods == MethodRules::exist && overrides_request_line(name)) continue;
    out.add(name, value);
  }
  return out;
}

}  // namespace

std::optional<Refusal> check_method(std::string_view method) {
  if (is_one_of(method, kForbiddenMethods)) return Refusal{405, "this method is not passed on"};
  if (!codec::check_method(method)) return Refusal{400, "the method is not a token"};
  if (!is_plain_method(method)) return Refusal{400, "the method is not written in capital letters"};
  return std::nullopt;
}

std::string_view AdmittedRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

bool AdmittedRequest::has_body() const {
  return framing.kind == net::Framing::Kind::chunked ||
         (framing.kind == net::Framing::Kind::length && framing.length > 0);
}

bool AdmittedRequest::is_idempotent() const {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

std::string_view method_of(std::string_view head) {
  const std::string_view line = first_line(head);
  const std::string_view method = line.substr(0, line.find(' '));
  return method.size() < line.size() && codec::check_method(method) ? method : std::string_view();
}

std::expected<AdmittedRequest, Refusal> admit_request(std::string_view head,
                                                      const HttpOrigin& origin,
                                                      MethodRules methods) {
  const std::string_view line = first_line(head);
  const auto request_line = parse_request_line(line);
  if (!request_line) return std::unexpected(request_line.error());
  auto target = admit_target(request_line->target, origin);
  if (!target) return std::unexpected(target.error());
  if (line.size() == head.size()) return refuse(400, "the request line has no end");
  auto fields = parse_fields(head.substr(line.size() + 2));
  if (!fields) return std::unexpected(fields.error());
  const net::RequestHead parsed{request_line->minor_version, std::string(request_line->method),
                                *std::move(target), *std::move(fields)};
  return admit_head(parsed, origin, methods);
}

std::expected<AdmittedRequest, Refusal> admit_head(const net::RequestHead& head,
                                                   const HttpOrigin& origin, MethodRules methods) {
  if (const auto refusal = check_host(head.fields, origin)) return std::unexpected(*refusal);
  if (named_by_connection(head.fields) == Named::others)
    return refuse(400, "the Connection field names a field that is not of the connection");
  const auto framing = framing_of(head);
  if (!framing) return std::unexpected(framing.error());
  const auto expects = expectation_of(head);
  if (!expects) return std::unexpected(expects.error());

  AdmittedRequest out{head.minor_version, head.method, head.target, {}, *framing};
  out.fields = end_to_end(head.fields, methods);
  out.upgrade = upgrade_of(head, *framing);
  if (out.has_body()) out.expects = *expects;
  out.keep = net::keeps_alive(head.minor_version, head.fields) ? Keep::yes : Keep::no;
  return out;
}

}  // namespace glovebox::egress
