// The path of an HTTP request, as servers may read it.
//
// Rules are asked about a path as it is written, segment by segment (http_path.h), but a server may
// undo escapes before it looks at segments. So what could be another path for it is let through by
// no rule: dot segments, also before a `;` parameter or written with escapes, encoded dots,
// backslashes and control bytes, two slashes at the front. The encoded slash is in use, in names of
// packages and projects (`/@scope%2fname`): such a path has two readings, and is allowed where the
// rules allow both.
//
// On the query nothing is decided. Not looked for: what is encoded twice.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace glovebox::policy {

constexpr std::size_t kMaxRequestTarget = 8 * kKiB;

// Why egress refuses this target whatever the rules say; nothing: it is for them to decide.
// The target begins with `/` and may have a query. `policy why` and egress both ask here. The words
// are static.
std::optional<std::string_view> target_fault(std::string_view target);

// The path, which has no fault, with its encoded slashes as slashes; nothing if it has none.
std::optional<std::string> with_slashes(std::string_view path);

// How a path with two readings is not allowed, for the words of the refusal.
constexpr std::string_view kBothReadings = "both as it is written and with its %2f read as slashes";

}  // namespace glovebox::policy
