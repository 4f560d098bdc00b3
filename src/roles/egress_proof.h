// Whether egress was proved before it starts: a throw-away box of the same program tried to get out
// on this host, past rules like those of a policy. Who starts the supervisor has it done
// (cli/egress_proof.h); the supervisor records it, and starts nothing when it failed.
#pragma once

#include <optional>
#include <string>

#include "codec/json.h"

namespace glovebox::roles {

struct EgressProof {
  codec::JsonObject members;          // of its record
  std::optional<std::string> failed;  // the attempt that got through, in words; none: it is proved
};

}  // namespace glovebox::roles
