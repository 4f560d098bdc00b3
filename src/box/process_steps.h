// Steps that set up the process itself and the small namespaces: limits, descriptors, session,
// loopback, host name.
#pragma once

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

// When the host runs out of memory, boxes go first.
Result<void> prefer_for_oom_killer(Site& site);
Result<void> bring_loopback_up(Site& site);
Result<void> set_host_name(Site& site);
// No controlling terminal, umask 077.
Result<void> start_session(Site& site);
Result<void> new_keyring(Site& site);
Result<void> close_descriptors(Site& site);
// How many processes all calls of a session may have together, in keep mode.
Result<void> limit_session(Site& site);
Result<void> set_resource_limits(Site& site);
// Apart from the others, since it comes last: see setup.h.
Result<void> limit_open_files(const BoxPlan& plan);
// Not dumpable, and dies with the keeper. After the ids and capabilities have changed, since the
// kernel forgets both then.
Result<void> stay_out_of_reach(Site& site);
Result<void> enter_folder(Site& site);

}  // namespace glovebox::box
