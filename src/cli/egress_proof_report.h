// What a self-proof of egress found out: what the guest says came of each attempt, against what has
// to come of it, against who came to the witness, and against what is on record. Pure.
//
// Good is an attempt that was made, came to one of its good ends, reached nobody, and is on record
// where that is promised. What is missing is never good.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "cli/egress_proof_attempts.h"
#include "cli/egress_proof_guest.h"
#include "cli/options.h"
#include "codec/json.h"

namespace glovebox::cli {

struct ProofRow {
  std::string name, what;
  std::string wanted, came;  // in words
  std::string problem;       // empty: it is good
  ProofAttempt::Way way = ProofAttempt::Way::hostile;
};

struct ProofReport {
  std::vector<ProofRow> rows;
  Duration took{};
};

// `records`: all of the proof's log.
ProofReport judge_proof(const ProofScene& scene, const std::vector<GuestEnd>& ends,
                        const std::vector<std::string>& witnessed,
                        const std::vector<codec::Json>& records);

// Why egress must not start, in one sentence that names an attempt: the allowed way first, since
// without it nothing else says anything. nullopt: it may. A report without rows proves nothing.
std::optional<std::string> why_not_proved(const ProofReport& report);

// The sum in one line, without its end.
std::string proof_summary(const ProofReport& report);
// A line for each attempt and one for the sum; or one JSON object.
std::string proof_text(const ProofReport& report, OutputForm form);
// What the audit log says of it.
codec::JsonObject proof_members(const ProofReport& report);

}  // namespace glovebox::cli
