#include "egress/request_target.h"

#include <algorithm>
#include <format>

#include "codec/hex.h"
#include "net/http_types.h"

namespace glovebox::egress {

namespace {

constexpr std::uint16_t kHttps = 443, kHttp = 80;

std::uint16_t implied_port(policy::Tls tls) {
  return tls == policy::Tls::yes ? kHttps : kHttp;
}

std::unexpected<Refusal> bad(std::string_view words) {
  return std::unexpected(Refusal{400, words});
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// A segment with its escapes undone: what stands before its parameters must not climb.
bool is_dot_segment(std::string_view decoded) {
  const std::string_view name = decoded.substr(0, decoded.find(';'));
  return name == "." || name == "..";
}

std::optional<Refusal> check_path(std::string_view path) {
  if (path.starts_with("//")) return Refusal{400, "the path begins with two slashes"};
  std::string segment;
  for (std::size_t i = 1; i < path.size(); ++i) {
    char c = path[i];
    if (c == '/') {
      if (is_dot_segment(segment)) return Refusal{400, "the path has a dot segment"};
      segment.clear();
      continue;
    }
    if (c == '%') {
      const int high = i + 1 < path.size() ? codec::hex_digit(path[i + 1]) : -1;
      const int low = i + 2 < path.size() ? codec::hex_digit(path[i + 2]) : -1;
      if (high < 0 || low < 0) return Refusal{400, "the path has a broken escape"};
      c = static_cast<char>(high * 16 + low);
      i += 2;
      if (c == '/' || c == '\\' || c == '.')
        return Refusal{400, "the path has an encoded slash or dot"};
      if (is_control(c)) return Refusal{400, "the path has an encoded control byte"};
    }
    segment += c;
  }
  if (is_dot_segment(segment)) return Refusal{400, "the path has a dot segment"};
  return std::nullopt;
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
  if (target.size() > kMaxRequestTarget)
    return std::unexpected(Refusal{414, "the request target is too long"});
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; }) ||
      target.find_first_of("#\\") != std::string_view::npos)
    return bad("the request target has a blank, a control, a `#`, a backslash or is not ASCII");
  std::string admitted;
  if (target.starts_with('/')) {
    admitted = target;
  } else {
    auto rest = to_origin_form(target, origin);
    if (!rest) return rest;
    admitted = *std::move(rest);
  }
  const std::string_view path = std::string_view(admitted).substr(0, admitted.find('?'));
  if (const auto refusal = check_path(path)) return std::unexpected(*refusal);
  return admitted;
}

}  // namespace glovebox::egress
