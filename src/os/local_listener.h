// A listening stream socket with a name in the file system. accept_tcp() takes its connections.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace glovebox::os {

// `name` in `folder`, for its owner alone (0600), non-blocking. A socket of that name that nobody
// listens on any more is replaced. Errors: exists (somebody listens there, or it is no socket).
Result<UniqueFd> listen_local(int folder, const std::string& name);

}  // namespace glovebox::os
