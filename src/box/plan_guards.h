// The parts of a plan that take away: what is hidden, and what is guarded in the workspace.
//
// Pure; for make_plan(). Comes after all mounts that give something.
#pragma once

#include "base/result.h"
#include "box/plan.h"
#include "policy/policy.h"

namespace glovebox::box {

// Whether a mount of the policy is a name in the workspace that is looked for when a call starts: a
// read-only place, or a pattern to hide.
bool is_guard(const policy::Mount& mount);

// Masks for what the policy hides or denies: at its path, and at every other path at which a mount
// shows the same place of the host. Error: denied (the root itself).
Result<void> add_hidden(BoxPlan& plan, const policy::Profile& profile, const CallFacts& call);

// Rules for the workspace, if the box has one; those that forbid changes if it can be changed.
// Errors: denied when a pattern stands where none is looked for, whoever read the policy, or when a
// mount of the host gives another way to what a rule protects.
Result<void> add_guards(BoxPlan& plan, const policy::Profile& profile, const CallFacts& call);

}  // namespace glovebox::box
