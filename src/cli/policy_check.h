// `glovebox policy check` and `glovebox policy schema`.
#pragma once

#include "cli/options.h"

namespace glovebox::cli {

// 0 nothing to say but notes (and warnings, without --strict), 1 findings, 2 invalid or outside its
// cap.
int run_policy_check(const PolicyCheckOptions& options);

// The JSON Schema of the policy language.
int run_policy_schema();

}  // namespace glovebox::cli
