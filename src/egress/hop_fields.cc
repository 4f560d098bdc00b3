#include "egress/hop_fields.h"

#include <algorithm>
#include <array>

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
constexpr std::array<std::string_view, 6> kOverrides = {"x-http-method-override", "x-http-method",
                                                        "x-method-override",      "-method",
                                                        "x-original-url",         "x-rewrite-url"};
constexpr std::array<std::string_view, 3> kFraming = {"content-length", "transfer-encoding",
                                                      "http2-settings"};

char folded(char c) {
  if (c == '_') return '-';
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::any_of(
      names, [&](std::string_view known) { return net::equal_ignoring_case(name, known); });
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

bool same_variable(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return folded(x) == folded(y); });
}

bool overrides_request_line(std::string_view name) {
  return std::ranges::any_of(kOverrides,
                             [&](std::string_view known) { return same_variable(name, known); });
}

bool mimics_framing(std::string_view name) {
  return name.contains('_') && std::ranges::any_of(kFraming, [&](std::string_view known) {
           return same_variable(name, known);
         });
}

}  // namespace glovebox::egress
