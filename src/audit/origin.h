// The name of a log, which is also the name of its key: `<org>/glovebox/<machine>/<year>`.
//
// One log a machine and a year: a new year begins a new log with a new key.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace glovebox::audit {

constexpr std::size_t kMaxOriginPart = 128;

// `organisation` and `machine`: 1 to kMaxOriginPart of `A-Z a-z 0-9 - . _`, for example
// `example.com` and `build-7`. The year is that of `now` in UTC. Errors: invalid.
Result<std::string> log_origin(std::string_view organisation, std::string_view machine,
                               WallTime now);

// For who configured none: `local` and the name that the machine gives itself, with `_` for what
// may not stand there.
std::string default_origin(std::string_view host_name, WallTime now);

}  // namespace glovebox::audit
