// A plan as text that a reviewer reads: `glovebox exec --plan` and the golden tests.
#pragma once

#include <string>

#include "box/plan.h"

namespace glovebox::box {

// One line per wall and mount, in the order in which they are made. Stable: a change of this text
// is a change of what boxes are. Ends with a newline.
std::string to_text(const BoxPlan& plan);

std::string_view to_string(MountKind kind);
std::string_view to_string(FileRights rights);

}  // namespace glovebox::box
