// The glob tool: regular files below a folder whose path matches a pattern, newest first.
//
// At most max_glob_results paths; a last line says how many were left out and whether the walk was
// cut short. No symbolic link is followed, except one that the pattern names literally at its
// beginning and that leads to a folder below the search root. Uses threads.
#pragma once

#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

ToolResult run_glob(const codec::Json& input, const Roots& roots, const ToolLimits& limits);

}  // namespace glovebox::tools
