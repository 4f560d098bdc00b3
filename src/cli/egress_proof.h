// Egress proves itself: a throw-away box is made with a network like a real one, by roles of their
// own in a folder of their own, and a guest in it tries every way out that is known
// (egress_proof_attempts.h). What it says, who came to a witness outside and what the log has of it
// are compared (egress_proof_report.h).
//
// What it does not protect against: a way that is not in the table, and a host that changes after.
#pragma once

#include <string>
#include <string_view>

#include "cli/egress_proof_report.h"
#include "policy/policy.h"
#include "roles/egress_proof.h"
#include "roles/outcome.h"

namespace glovebox::cli {

// What a run may take; then it failed.
inline constexpr seconds kProofTime{50};

// Below `parent`, an absolute path, in a folder that is removed when it is over; what an earlier
// run left there that was killed is removed too. The process still has the rights that it was
// started with. Exit codes: host_lacks, and those of what is run.
roles::Outcome<ProofReport> prove_egress(const std::string& parent);

// The same, as the supervisor takes it. What keeps it from being made is a failure as well.
roles::EgressProof egress_proof(const std::string& parent);

// argv[1] of the process that makes the box; orders follow, as JSON. What came of it is one JSON
// object on standard output.
inline constexpr std::string_view kProofBoxWord = "egress-proof-box";
int run_proof_box(std::string_view orders);

}  // namespace glovebox::cli
