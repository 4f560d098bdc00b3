// The step of a box that protects the guarded names which its call was told of.
#pragma once

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

// In a copy of the session's root, before masks come: each name that is not to be changed becomes a
// read-only mount of itself, and so does, writable, each folder between it and the root that it is
// guarded at: a mount point can be neither moved nor removed nor replaced. A folder above that root
// can be moved, with all that is protected in it. Errors: also when a name is not what was found.
Result<void> protect_guarded(Site& site);

}  // namespace glovebox::box
