// What a box is told when it asks for a name. Nothing is asked of anybody else: a name that a rule
// allows gets an address of ours, whether it exists or not; whether it does is found out when
// somebody connects. So nothing leaves the host with a query. Pure.
//
// A and AAAA of an allowed name are answered; HTTPS and SVCB (which would bring keys for encrypted
// hellos), and other types, are empty; TXT is refused; a name that no rule allows does not exist.
// `localhost` and names below it are loopback (RFC 6761).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "egress/name_table.h"
#include "egress/net_record.h"
#include "egress/rules.h"

namespace glovebox::egress {

// An address holds as long as the network; a client that asks again gets the same.
inline constexpr seconds kNameTtl{60};

struct DnsReply {
  std::string bytes;               // empty: nothing is answered
  std::optional<Refused> refused;  // what goes on record
};
DnsReply answer_dns(std::string_view query, NameTable& names, const EgressRules& rules);

}  // namespace glovebox::egress
