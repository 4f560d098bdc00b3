// Moving bytes from one socket to another inside the kernel (splice(2)).
#pragma once

#include <cstddef>
#include <optional>

#include "base/result.h"

namespace glovebox::os {

// At most `most` bytes into, or out of, a pipe; neither descriptor waits. nullopt: it would block.
// 0: the end of `from`. Errors: of the kernel.
Result<std::optional<std::size_t>> splice_some(int from, int to, std::size_t most);

}  // namespace glovebox::os
