#include "egress/request_target.h"

#include <algorithm>
#include <format>

#include "net/http_types.h"
#include "policy/request_path.h"

namespace glovebox::egress {

namespace {

constexpr std::uint16_t kHttps = 443, kHttp = 80;

std::uint16_t implied_port(policy::Tls tls) {
  return tls == policy::Tls::yes ? kHttps : kHttp;
}

std::unexpected<Refusal> bad(std::string_view words) {
  return std::unexpected(Refusal{400, words});
}

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return net::equal_ignoring_case(text.substr(0, start.size()), start);
}

// The rest of an absolute form behind its authority.
std::expected<std::string, Refusal> to_origin_form(std::string_view target,
                                                   const HttpOrigin& origin) {
  const std::string_view scheme = origin.tls == policy::Tls::yes ? "https://" : "http://";
  if (!starts_ignoring_case(target, scheme))
    return bad("the request target is neither a path nor a URL of this scheme");
  target.remove_prefix(scheme.size());
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  if (check_authority(target.substr(0, end), origin))
    return bad("the request target names another host or port than was dialled");
  const std::string_view rest = target.substr(end);
  return rest.starts_with('/') ? std::string(rest) : std::format("/{}", rest);
}

}  // namespace

std::string to_authority(const HttpOrigin& origin) {
  const std::string host = codec::to_url_host(origin.host);
  return origin.port == implied_port(origin.tls) ? host : std::format("{}:{}", host, origin.port);
}

std::optional<Refusal> check_authority(std::string_view text, const HttpOrigin& origin) {
  constexpr Refusal kBad{400, "the host is not a name or an address, with or without a port"};
  std::string_view host = text;
  std::uint16_t port = origin.port;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && !text.ends_with(']')) {
    const auto given = codec::parse_port(text.substr(colon + 1));
    if (!given) return kBad;
    port = *given;
    host = text.substr(0, colon);
  }
  if (host.contains(':') && !host.starts_with('[')) return kBad;
  const auto parsed = codec::parse_host(host);
  if (!parsed) return kBad;
  if (*parsed != origin.host) return Refusal{421, "the host is not the one that was dialled"};
  if (port != origin.port) return Refusal{421, "the port is not the one that was dialled"};
  return std::nullopt;
}

std::expected<std::string, Refusal> admit_target(std::string_view target,
                                                 const HttpOrigin& origin) {
  if (target.size() > policy::kMaxRequestTarget)
    return std::unexpected(Refusal{414, "the request target is too long"});
  std::string admitted;
  if (target.starts_with('/')) {
    admitted = target;
  } else {
    auto rest = to_origin_form(target, origin);
    if (!rest) return rest;
    admitted = *std::move(rest);
  }
  if (const auto fault = policy::target_fault(admitted)) return bad(*fault);
  return admitted;
}

}  // namespace glovebox::egress
