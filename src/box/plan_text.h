// A plan as text that a reviewer reads: `glovebox exec --plan` and the golden tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"
#include "box/plan.h"

namespace glovebox::box {

// One line per wall and mount, in the order in which they are made. Stable: a change of this text
// is a change of what boxes are. Ends with a newline.
std::string to_text(const BoxPlan& plan);

// `2 GiB`, `1500 bytes`; `90 s`, `1500 ms`.
std::string size_text(std::uint64_t bytes);
std::string time_text(milliseconds time);

std::string_view to_string(Background background);
std::string_view to_string(MountKind kind);
std::string_view to_string(FileRights rights);

}  // namespace glovebox::box
