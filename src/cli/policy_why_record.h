// `glovebox policy why --record`: what was decided by the policy that was in force then.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "policy/decide_request.h"
#include "roles/recorded_request.h"

namespace glovebox::cli {

struct RecordedWhy {
  std::uint64_t index = 0;
  std::string kind, time;  // of the record
  std::string said;        // `allow`, or `deny` with its reason
  roles::RecordedRequest request;
  policy::Verdict verdict;  // of the policy, on the record's day
};

// `log`: the folder. Errors, all of which mean exit 2: those of audit/recorded_decision.h,
// roles/recorded_request.h and roles::load_to_judge().
Result<RecordedWhy> why_of_record(const std::string& log, std::uint64_t index);

// A line about the record, then the trace as of any request.
std::string to_text(const RecordedWhy& why);
std::string to_json(const RecordedWhy& why);

}  // namespace glovebox::cli
