// Steps that make what a box sees of files: a root of its own on tmpfs, with the plan's mounts.
//
// Sources are copied (open_tree) in the box's own mount namespace while the process still has the
// keeper's id, which may walk to them; everything after that works on descriptors. Mount points
// are made only in the box's root, never in a folder of the host.
#pragma once

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

Result<void> make_mounts_private(Site& site);
Result<void> open_sources(Site& site);
Result<void> make_root(Site& site);
Result<void> make_mounts(Site& site);
// pivot_root; the old root is gone and the new one read-only.
Result<void> enter_root(Site& site);
// In a copy of the session's root: what each call has for itself (/proc, /tmp and the other tmpfs,
// terminals; not in keep mode) comes over what the session has there, and masks over what exists
// now.
Result<void> make_fresh_mounts(Site& site);

}  // namespace glovebox::box
