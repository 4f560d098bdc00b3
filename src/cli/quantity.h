// Numbers and times as a person writes them in an argument.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

namespace glovebox::cli {

// As the flags of `ant` have them: `0`, `60s`, `1m30s`, `250ms`, `2h`; or a number of seconds.
// At most 30 days. Error: invalid.
Result<Duration> parse_time_span(std::string_view text);
// `forever`, which is zero, or `idle:TIME` with a time that may also be days: `idle:7d`. From one
// second to ten years. Error: invalid.
Result<Duration> parse_keep(std::string_view text);
// Decimal digits, `least` to `most`. Error: invalid.
Result<std::int64_t> parse_count(std::string_view text, std::int64_t least, std::int64_t most);

// Where to begin in a log: digits alone are the index of a record, else a time in RFC 3339.
// Error: invalid.
using Since = std::variant<std::uint64_t, WallTime>;
Result<Since> parse_since(std::string_view text);
// Records that a log may have.
constexpr std::int64_t kMostRecords = std::int64_t{1} << 53;
// What the audit log has on the disk up front, in bytes: `256MiB`, `1GiB`; 16 MiB to 64 GiB.
// Error: invalid.
Result<std::uint64_t> parse_log_reserve(std::string_view text);

}  // namespace glovebox::cli
