// How many more names a file system can take.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace glovebox::os {

// Free inodes of the file system that `fd` lies on. Nearly endless where they are made on demand.
Result<std::uint64_t> free_names(int fd);

}  // namespace glovebox::os
