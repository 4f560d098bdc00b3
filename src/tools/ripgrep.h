// The grep tool by ripgrep: its command line, and its output in the form of the built-in search.
//
// Pure. The command line takes a path that locate() accepted; ripgrep runs in a box that holds
// nothing but itself and the roots, read-only.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "codec/json.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools {

// How the search ended. `status` counts only for exited: 0 hits, 1 none, 2 an error (with or
// without hits). output_limit: stopped by us because it had written enough.
enum class SearchEnd : std::uint8_t { exited, output_limit, timed_out, aborted };

struct RgOutcome {
  SearchEnd end = SearchEnd::exited;
  int status = 0;
  std::string_view out;
  std::string_view err;
};

// `rg --no-config -n --no-heading --with-filename -e PATTERN -- PATH`, argv[0] included, or the
// answer to the model when the input is refused.
std::expected<std::vector<std::string>, ToolResult> rg_argv(const codec::Json& input,
                                                            const Roots& roots);

// The caller needs to keep no more of stdout than this; then output_limit.
constexpr std::size_t kMaxRgOutputKept = 4 * kMiB;

ToolResult shape_rg_output(const RgOutcome& outcome, const ToolLimits& limits);

}  // namespace glovebox::tools
