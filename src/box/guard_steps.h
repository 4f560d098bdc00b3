// The step of a box that protects the guarded names which its call was told of.
#pragma once

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

// In a copy of the session's root, before masks come: each name that is not to be changed becomes a
// read-only mount of itself. The way to each name, hidden ones included, is pinned (pins.h) from
// the workspace's root on, and so is what makes the root that it is at one (`.git`): with the next
// call each name is found again. Errors: also when a name is not what was found.
Result<void> protect_guarded(Site& site);

}  // namespace glovebox::box
