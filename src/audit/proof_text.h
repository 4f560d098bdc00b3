// What a proof that held says, for people and as JSON (prove.h).
#pragma once

#include <string>

#include "audit/prove.h"
#include "audit/trust_policy.h"
#include "base/result.h"
#include "codec/json.h"

namespace glovebox::audit {

// Lines of printable ASCII, each with its LF: the verdict, the record as `audit show` has it, the
// tree, who signed and who cosigned. Error: invalid (a record that cannot be shown).
Result<std::string> proof_text(const TrustedRecord& checked, const TrustPolicy& trust);
// The same as one object; `record` is the record itself.
codec::Json proof_json(const TrustedRecord& checked, const TrustPolicy& trust);

}  // namespace glovebox::audit
