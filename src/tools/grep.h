// The grep tool, built in: lines that match an RE2 pattern, as `path:line:text`.
//
// Linear in the size of the files whatever the pattern. Files come in the order of the walk: those
// of a folder by name, then its subfolders. Skipped: `.git` and `node_modules`, symbolic links,
// what is no regular file, a file from its first NUL on, lines of more than kMaxGrepLineCharacters.
// Files that could not be read are counted in a last line. The time limit is measured on `clock`,
// which is read from several threads. Memory: kMaxPathBytes for each entry that is walked, and 64
// times max_grep_output at worst.
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
