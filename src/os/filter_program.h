// The bytes of a seccomp filter as the kernel takes them.
#pragma once

#include <linux/filter.h>

#include <string_view>
#include <vector>

#include "base/result.h"

namespace glovebox::os {

// 8 bytes an instruction. Error invalid: not whole instructions, none, more than BPF_MAXINSNS.
Result<std::vector<sock_filter>> filter_instructions(std::string_view program);

}  // namespace glovebox::os
