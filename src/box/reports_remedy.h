// What to do about a host where filters cannot report calls (os/call_reports.h).
#pragma once

#include <string_view>

namespace glovebox::box {

inline constexpr std::string_view kReportsRemedy =
    "start glovebox outside a container whose manager listens for system calls itself (EBUSY), on "
    "a "
    "kernel with CONFIG_SECCOMP_FILTER, or name a filter without `notify` in the profile's "
    "syscalls";

}  // namespace glovebox::box
