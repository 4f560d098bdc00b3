// Whom the programs of a box believe: where egress speaks to them in the name of origins (mode
// `inspect`) its authority stands beside those of the host, in one file, at every place where
// programs of Debian, RHEL and SUSE look, and in the variables that others read.
#pragma once

#include <string_view>

#include "box/plan.h"

namespace glovebox::box {

// In such a box: the host's authorities and the one of egress.
inline constexpr std::string_view kTrustFile = "/etc/glovebox/ca-bundle.pem";

// Adds nothing when the plan has no way out, or one without such a rule. Error: not_found, when
// egress has not written the file.
Result<void> add_trust(BoxPlan& plan, const HostView& view);

}  // namespace glovebox::box
