#include "egress/hop_fields.h"

#include <algorithm>
#include <array>
#include <string>

namespace glovebox::egress {

namespace {

constexpr std::array<std::string_view, 11> kHopByHop = {"connection",
                                                        "keep-alive",
                                                        "proxy-connection",
                                                        "te",
                                                        "trailer",
                                                        "transfer-encoding",
                                                        "upgrade",
                                                        "http2-settings",
                                                        "proxy-authenticate",
                                                        "proxy-authorization",
                                                        "proxy-authentication-info"};
constexpr std::array<std::string_view, 4> kMethodOverrides = {
    "x-http-method-override", "x-http-method", "x-method-override", "-method"};
constexpr std::array<std::string_view, 3> kFraming = {"content-length", "transfer-encoding",
                                                      "http2-settings"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::any_of(
      names, [&](std::string_view known) { return net::equal_ignoring_case(name, known); });
}

// Servers that hand fields on as variables (CGI, WSGI) make no difference between `_` and `-`.
std::string with_hyphens(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

bool may_be_named(std::string_view member) {
  return member.empty() || net::equal_ignoring_case(member, "close") || is_hop_by_hop(member);
}

}  // namespace

bool is_hop_by_hop(std::string_view name) {
  return is_one_of(name, kHopByHop);
}

Named named_by_connection(const net::Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (!net::equal_ignoring_case(name, "connection")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (!may_be_named(trim(rest.substr(0, comma)))) return Named::others;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return Named::hop_by_hop_only;
}

bool overrides_method(std::string_view name) {
  return is_one_of(with_hyphens(name), kMethodOverrides);
}

bool mimics_framing(std::string_view name) {
  return name.contains('_') && is_one_of(with_hyphens(name), kFraming);
}

}  // namespace glovebox::egress
