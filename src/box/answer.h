// From a verdict to what the model reads, for calls that reached a box.
#pragma once

#include <string>

#include "box/outcome.h"
#include "box/plan.h"
#include "tools/bash_output.h"
#include "tools/result.h"

namespace glovebox::box {

// The outcome of a shell call in the words of the bash tool. `time_limit` is the call's.
tools::BashOutcome bash_outcome(const Verdict& verdict, const PlannedLimits& limits,
                                milliseconds time_limit);

// The answer of a file tool that gave none itself.
tools::ToolResult function_stopped(std::string_view tool, const Verdict& verdict,
                                   const PlannedLimits& limits);

}  // namespace glovebox::box
