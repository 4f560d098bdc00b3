#include "codec/url.h"

#include <algorithm>
#include <format>
#include <utility>

namespace glovebox::codec {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

std::uint16_t port_of(UrlScheme scheme) {
  return scheme == UrlScheme::https ? kHttpsPort : kHttpPort;
}

// Cuts a scheme off the front of `text`; schemes are the one part whose case does not matter.
Result<UrlScheme> take_scheme(std::string_view& text) {
  const auto take = [&](std::string_view scheme) {
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; };
    if (!std::ranges::equal(text.substr(0, scheme.size()), scheme, same)) return false;
    text.remove_prefix(scheme.size());
    return true;
  };
  if (take("https://")) return UrlScheme::https;
  if (take("http://")) return UrlScheme::http;
  return Error(ErrorKind::invalid, "URL does not begin with http:// or https://");
}

Result<void> check_characters(std::string_view text) {
  if (text.size() > kMaxUrlBytes)
    return Error(ErrorKind::limit, std::format("URL longer than {} bytes", kMaxUrlBytes));
  for (const char c : text) {
    if (c <= ' ' || c >= 0x7F)  // char is signed: bytes from 0x80 are below the space
      return Error(ErrorKind::invalid, "URL with a space, a control byte or a non-ASCII byte");
    if (std::string_view("\\\"<>^`{|}").contains(c))
      return Error(ErrorKind::invalid, std::format("URL with the character {}", c));
  }
  if (text.contains('#')) return Error(ErrorKind::invalid, "URL with a fragment");
  if (text.contains('?')) return Error(ErrorKind::invalid, "base URL with a query");
  return {};
}

// `/p/q` from `/p/q/`, `/p/q`, `/` or nothing.
Result<std::string> parse_prefix(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  std::string_view rest = path;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const std::string_view segment = rest.substr(0, rest.find('/'));
    const std::string plain = TRY_CONTEXT(percent_decode(segment), "path of the URL");
    if (plain.empty()) return Error(ErrorKind::invalid, "URL with an empty path segment");
    if (plain == "." || plain == "..")
      return Error(ErrorKind::invalid, "URL with a dot segment in its path");
    rest.remove_prefix(segment.size());
  }
  return std::string(path);
}

}  // namespace

BaseUrl::BaseUrl(UrlScheme scheme, Host host, std::uint16_t port, std::string prefix)
    : scheme_(scheme), host_(std::move(host)), port_(port), prefix_(std::move(prefix)) {}

Result<BaseUrl> BaseUrl::parse(std::string_view text) {
  TRY(check_characters(text));
  const UrlScheme scheme = TRY(take_scheme(text));
  const std::string_view authority = text.substr(0, text.find('/'));
  const std::string_view path = text.substr(authority.size());
  if (authority.contains('@')) return Error(ErrorKind::invalid, "URL with a user name or password");
  // Behind a bracketed address, or after the only colon.
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == authority.npos ? 0 : bracket);
  std::uint16_t port = port_of(scheme);
  if (colon != std::string_view::npos)
    port = TRY_CONTEXT(parse_port(authority.substr(colon + 1)), "port of the URL");
  Host host = TRY_CONTEXT(parse_host(authority.substr(0, colon)), "host of the URL");
  return BaseUrl(scheme, std::move(host), port, TRY(parse_prefix(path)));
}

std::string BaseUrl::authority() const {
  const std::string host = to_url_host(host_);
  return port_ == port_of(scheme_) ? host : std::format("{}:{}", host, port_);
}

std::string BaseUrl::target(std::string_view path) const {
  return std::format("{}{}", prefix_, path);
}

std::string BaseUrl::to_string() const {
  return std::format("{}://{}{}", is_https() ? "https" : "http", authority(), prefix_);
}

}  // namespace glovebox::codec
