// The edit tool: replaces a text in a file, byte for byte.
//
// The file is searched and saved as bytes, so whatever is not UTF-8 in it stays as it is.
// Occurrences are counted without overlap. Saved as the write tool saves.
#pragma once

#include "base/clock.h"
#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

ToolResult run_edit(const codec::Json& input, const Roots& roots, const ToolLimits& limits,
                    Random& random);

}  // namespace glovebox::tools
