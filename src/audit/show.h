// A record for people: one line of printable ASCII with the short keys written out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace glovebox::audit {

// `#12 2026-11-24T15:22:31.000000Z tool.intent session=… tool_use=… tool=bash arguments={…}`.
// Everything but printable ASCII is written as `<x1b>` or `<u202e>`; values with spaces are quoted.
// Error: invalid (not a record).
Result<std::string> show_record(std::uint64_t index, std::string_view line);

// The long name of a short key (`tu` → `tool_use`), or the key itself.
std::string_view long_key(std::string_view key);

}  // namespace glovebox::audit
