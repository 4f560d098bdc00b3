// Steps that make a box's processes nobody: ids, capabilities, namespaces of their own making.
#pragma once

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

// user.max_user_namespaces = 0 for this user namespace. Every other namespace needs a capability
// that only a user namespace could give.
Result<void> forbid_nesting(Site& site);
// With a user namespace: the one id that the session's maps.
Result<void> take_session_identity(Site& site);
// A user namespace of the call's own, in which the agent's id stands for the session's. It comes
// after every other namespace, so that no right in it is a right over those.
Result<void> enter_user_namespace(Site& site);
// Without one (the third rung): the outside id itself, no groups.
Result<void> take_plain_identity(Site& site);
Result<void> drop_capabilities(Site& site);
Result<void> set_no_new_privileges(Site& site);

}  // namespace glovebox::box
