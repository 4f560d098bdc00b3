// Steps that make a box's processes nobody: ids, capabilities, namespaces of their own making.
#pragma once

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

// user.max_user_namespaces = 0 for this user namespace. Every other namespace needs a capability
// that only a user namespace could give.
Result<void> forbid_nesting(Site& site);
// With a user namespace: the one id that it maps.
Result<void> take_mapped_identity(Site& site);
// Without one (the third rung): the outside id itself, no groups.
Result<void> take_plain_identity(Site& site);
Result<void> drop_capabilities(Site& site);
Result<void> set_no_new_privileges(Site& site);

}  // namespace glovebox::box
