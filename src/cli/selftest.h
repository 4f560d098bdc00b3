// `glovebox selftest`: the essential cases of the attack suite against a live policy on this host.
//
// Everything goes the way that calls of a session go: supervisor, boxer, auditor, keeper, box. A
// guest of ours makes the attempts in a box of the policy's bash, the tools are called as a model
// would, and a witness outside sees what was harmed. The files of the test suite are not needed.
#pragma once

#include "cli/options.h"

namespace glovebox::cli {

// 0: every attack was denied and every use works; 1: not so; 71: no box can be made here; 78: no
// usable policy.
int run_selftest(const SelftestOptions& options);

}  // namespace glovebox::cli
