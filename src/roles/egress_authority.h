// The files of the authority of mode `inspect`: its key for nobody but the egress role, and for
// boxes a bundle of the host's authorities and its own.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "egress/authority.h"

namespace glovebox::roles {

// What was kept in the folder, or a new one that is kept there: one that expires soon, or cannot be
// read, is replaced. The bundle is written anew only when it says something else, so that boxes
// that show it keep it. Before the role gives up files. Errors: of the kernel; internal.
Result<egress::Authority> keep_authority(const std::string& folder, const std::string& host_bundle,
                                         WallTime now);

}  // namespace glovebox::roles
