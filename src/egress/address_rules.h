// Which addresses a name may stand for. What a resolver says is not believed: a rule for a name
// gives the public internet, unless it says `private = true`; where only a block was written, the
// block counts. Pure, but for the question whether an address is the host's own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "codec/cidr.h"
#include "policy/policy.h"

namespace glovebox::egress {

// Whether an address is one of this host.
using IsOwn = std::function<bool(const codec::IpAddress&)>;

// Services that hand out a machine's credentials to whoever asks, of the large clouds; also in the
// disguises of IPv6. A rule for a name never gives them.
bool is_metadata_service(const codec::IpAddress& address);

// Why a connection that the rule allows must not go to the address; nothing: it may. In words that
// can be shown.
std::optional<std::string> refuse_address(const policy::EgressRule& rule,
                                          const codec::IpAddress& address, const IsOwn& is_own);
// The first of all that is refused: one bad address makes the name bad.
std::optional<std::string> refuse_any(const policy::EgressRule& rule,
                                      const std::vector<codec::IpAddress>& addresses,
                                      const IsOwn& is_own);

}  // namespace glovebox::egress
