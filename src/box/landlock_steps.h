// The step that builds the second, independent wall over the files of a box.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "box/setup.h"

namespace glovebox::box {

// What a rule of the plan grants, as os::file_right bits.
std::uint64_t rights_of(FileRights rights);

// Signals and abstract sockets: none beyond the session.
Result<void> restrict_scopes(Site& site);
// Rules for paths that the box does not have are left out: there is nothing to grant.
Result<void> restrict_files(Site& site);

}  // namespace glovebox::box
