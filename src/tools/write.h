// The write tool: a whole file, atomically.
//
// Parents are created with mode 0700. The content goes to a new file of a random name in the same
// folder (O_EXCL, 0600), is synced and renamed over the target: the old file is there until the new
// one is complete, an existing file keeps its permission bits, and other names (hard links) of the
// old file keep the old content. The folder is one open fd for all steps.
#pragma once

#include "base/clock.h"
#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

ToolResult run_write(const codec::Json& input, const Roots& roots, const ToolLimits& limits,
                     Random& random);

}  // namespace glovebox::tools
