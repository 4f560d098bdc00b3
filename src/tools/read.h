// The read tool: a text file whole or by lines, an image or a PDF as a block.
//
// Images (PNG, JPEG, GIF, WebP) and PDF are told by their first bytes and only when the whole file
// is asked for; with a view_range every file is text. Text that is not UTF-8 is shown with U+FFFD.
// A range of a file larger than the limit is streamed: memory stays below limit + 64 KiB.
#pragma once

#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

ToolResult run_read(const codec::Json& input, const Roots& roots, const ToolLimits& limits);

}  // namespace glovebox::tools
