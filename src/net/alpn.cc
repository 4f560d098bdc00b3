#include "net/alpn.h"

namespace glovebox::net {

std::string_view to_string(Alpn protocol) {
  switch (protocol) {
    case Alpn::http11:
      return "http/1.1";
    case Alpn::h2:
      return "h2";
  }
  return "http/1.1";
}

std::optional<Alpn> parse_alpn(std::string_view text) {
  for (const Alpn protocol : {Alpn::http11, Alpn::h2})
    if (text == to_string(protocol)) return protocol;
  return std::nullopt;
}

std::string alpn_list(std::span<const Alpn> protocols) {
  std::string list;
  for (const Alpn protocol : protocols) {
    const std::string_view text = to_string(protocol);
    list += static_cast<char>(text.size());
    list += text;
  }
  return list;
}

}  // namespace glovebox::net
