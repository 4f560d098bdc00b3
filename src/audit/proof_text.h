// What a proof that held says, for people and as JSON (prove.h).
#pragma once

#include <string>

#include "audit/prove.h"
#include "audit/trust_policy.h"
#include "base/result.h"
#include "codec/json.h"

namespace glovebox::audit {

// The tree, who signed and who cosigned: lines of printable ASCII, indented, each with its LF; and
// the same as members.
std::string seal_text(const TrustedCheckpoint& sealed, const TrustPolicy& trust);
codec::JsonObject seal_members(const TrustedCheckpoint& sealed, const TrustPolicy& trust);

// The verdict, the record as `audit show` has it, and these lines. Error: invalid (a record that
// cannot be shown).
Result<std::string> proof_text(const TrustedRecord& checked, const TrustPolicy& trust);
// The same as one object; `record` is the record itself.
codec::Json proof_json(const TrustedRecord& checked, const TrustPolicy& trust);

}  // namespace glovebox::audit
