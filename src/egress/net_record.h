// What the egress role's records say: the members of each kind, as the auditor takes them. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::egress {

// Whose traffic it is. `tool_use` is empty where calls share the network, or none works in it.
struct NetworkTags {
  std::string session, profile, policy;
  std::string tool_use, tool;
};

// One connection, or one request of one (modes http and inspect), that was allowed.
struct Opened {
  std::string host;     // the name, or the address where none was asked for
  std::string address;  // dialled; empty: not yet, or by the proxy
  std::string via;      // host and port of the proxy; empty: none
  std::uint16_t port = 0;
  std::string mode;  // `sni`, `raw`, `http`, `inspect`
  std::string rule;  // file:line
  std::string method, path;
  std::optional<int> status;
  std::string credential;  // name of the injected secret
  std::uint64_t up = 0, down = 0;
  Duration lasted{};
  // What is told of it while it goes on: the same is told once more at its end.
  enum class At : std::uint8_t { end, beginning, meanwhile } at = At::end;
  std::string failure;  // why it came to nothing; empty: it did not
  std::string remark;   // what an operator may want to look at
};
codec::JsonObject open_members(const NetworkTags& tags, const Opened& opened);

// Bytes of a name that was looked up and refused: more than any that a query can hold, with every
// byte of it escaped. The auditor cuts what is long, after it has masked it.
inline constexpr std::size_t kMostAsked = 1024;

// What was refused.
struct Refused {
  std::string asked;  // host as it was asked for: a name, an address
  std::uint16_t port = 0;
  std::string mode;  // as above, or `dns`, `tcp`
  std::string rule;  // file:line; empty: no rule says it
  std::string why;   // in words
  std::string method, path;
  bool operator==(const Refused&) const = default;
};
// `times` of them, between `first` and `last`.
struct Refusals {
  Refused refused;
  std::uint64_t times = 1;
  WallTime first{}, last{};
};
codec::JsonObject deny_members(const NetworkTags& tags, const Refusals& refusals);

}  // namespace glovebox::egress
