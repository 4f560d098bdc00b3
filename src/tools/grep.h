// The grep tool, built in: lines that match an RE2 pattern, as `path:line:text`.
//
// Linear in the size of the files whatever the pattern. Files are in the order of their paths.
// Skipped: `.git` and `node_modules`, symbolic links, what is no regular file, a file from its
// first NUL on, matching lines of more than kMaxGrepLineCharacters (counted in a last line, as are
// files that could not be read). The time limit is measured on `clock`. Uses threads.
//
// Where the box has ripgrep, box/ runs it instead and gives its output to tools/ripgrep.h.
#pragma once

#include "base/clock.h"
#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

ToolResult run_grep(const codec::Json& input, const Roots& roots, const ToolLimits& limits,
                    const Clock& clock);

}  // namespace glovebox::tools
