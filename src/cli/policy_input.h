// A policy that a command was asked to judge, with the filters that it names. Unlike a policy that
// something runs with (roles/policy_source.h) it may belong to anybody.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/diff_text.h"
#include "policy/judge.h"
#include "policy/policy.h"

namespace glovebox::cli {

struct PolicyInput {
  std::string name;  // as it was named
  std::vector<policy::SourceFile> files;
  policy::Policy policy;
  policy::Filters filters;
};

// `builtin:NAME`, a file, or `REF:PATH` as git has it; a file of that very name goes first. Files
// that it names are read from where it was. Errors: those of reading, and invalid with a
// line for each thing that is wrong; all mean exit 2.
Result<PolicyInput> read_policy_input(const std::string& named, const Clock& clock);

}  // namespace glovebox::cli
