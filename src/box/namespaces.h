// Which namespaces belong to the session and which to each call.
//
// In kill mode nothing but the root is the session's: every call has a pid, network and ipc
// namespace of its own, so that its end is the end of all it started. In keep mode these are the
// session's, so that a server of one call can be reached by the next.
#pragma once

#include <cstdint>

#include "box/plan.h"
#include "os/process.h"

namespace glovebox::box {

// The id that the session's first process has in the session's user namespace. The call's own user
// namespace maps the agent's id to it.
inline constexpr std::uint32_t kSessionRoot = 0;

os::NamespaceFlags session_namespaces(const BoxPlan& plan);
// Without the user namespace, which the call makes itself, after all else.
os::NamespaceFlags call_namespaces(const BoxPlan& plan);

}  // namespace glovebox::box
