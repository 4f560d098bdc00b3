// The list of hosts that are reached without the corporate proxy (NO_PROXY, `no_proxy`).
//
// Entries, separated by commas or white space: `*` (everything), `example.com`, `.example.com` and
// `*.example.com` (the name and all below it), an address, a CIDR block, each with an optional
// `:port`. Names are compared as names and never resolved, so a block does not cover a name.
// Loopback is never proxied, listed or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "codec/cidr.h"
#include "codec/host.h"
#include "codec/host_name.h"

namespace glovebox::codec {

class NoProxy {
 public:
  NoProxy() = default;  // loopback only
  // Error: invalid, naming the entry.
  static Result<NoProxy> parse(std::string_view list);

  // True if `host` is to be reached directly.
  bool covers(const Host& host, std::uint16_t port) const;

 private:
  struct Everything {};
  struct Entry {
    std::variant<Everything, HostName, Cidr> what;
    std::optional<std::uint16_t> port;
  };
  static Result<Entry> parse_entry(std::string_view text);

  std::vector<Entry> entries_;
};

}  // namespace glovebox::codec
