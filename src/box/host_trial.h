// Trying on the running kernel whether the parts of a box can be made.
#pragma once

#include <string_view>

#include "base/result.h"
#include "box/host.h"
#include "os/process.h"

namespace glovebox::box {

// All namespaces together, the ids mapped, a root on tmpfs with /proc in it, loopback up: in a
// child, which is gone afterwards. Errors name the step.
Result<void> try_box(Rung rung);

// One namespace, with a user namespace round it if `rung` has one.
Result<void> try_namespace(os::Namespace space, Rung rung);

inline constexpr std::string_view kUserRemedy =
    "as root: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 "
    "kernel.apparmor_restrict_unprivileged_userns=0 (those that exist), or start glovebox as root";
inline constexpr std::string_view kRootRemedy =
    "start glovebox outside a container, or in one with CAP_SYS_ADMIN and an unmasked /proc";

}  // namespace glovebox::box
