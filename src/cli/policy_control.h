// `glovebox policy load|status|rollback|revoke`: asked of a glovebox that runs, over the control
// socket in its state folder.
#pragma once

#include <string>

#include "cli/options.h"
#include "codec/json.h"

namespace glovebox::cli {

// 0: done. 1: it was not, and why. 69: no glovebox serves that state folder. 78: none is named.
int run_policy_control(const PolicyControlOptions& options);

// What a person reads. Pure; `facts` is what the supervisor answered.
std::string policy_control_text(ipc::ControlAct act, const codec::Json& facts);

}  // namespace glovebox::cli
