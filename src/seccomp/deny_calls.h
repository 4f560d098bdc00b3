// System calls that a policy denies whatever the filter says of them.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

struct DeniedCall {
  std::string name;
  std::string place;  // file:line of the policy

  bool operator==(const DeniedCall&) const = default;
};

// Each of them is answered with EPERM from now on; one that kills goes on killing. Error invalid:
// a name that is no system call's, with its place.
Result<void> deny_calls(Table& table, std::span<const DeniedCall> denied);

}  // namespace glovebox::seccomp
