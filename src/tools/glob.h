// The glob tool: regular files below a folder whose path matches a pattern, newest first.
//
// At most max_glob_results paths; a last line says how many were left out and whether the walk was
// cut short. No symbolic link is followed, except in the folders that the pattern names literally
// at its beginning, when they lead to a folder below the search root. Control characters in names
// are shown as `<x0a>`: a name must not look like two.
#pragma once

#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

ToolResult run_glob(const codec::Json& input, const Roots& roots, const ToolLimits& limits);

}  // namespace glovebox::tools
