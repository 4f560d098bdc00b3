// The rules that a profile comes to here, and what was left out of it. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "seccomp/oci_profile.h"
#include "seccomp/table.h"

namespace glovebox::seccomp {

// For one call, as a text says it.
struct OciRule {
  Action action;
  std::optional<Condition> condition;
  std::string note;  // how conditions were resolved; may be empty
};

// Names by why they have no rule; each only under one heading.
struct OciRules {
  std::map<std::string, OciRule> rules;
  std::map<std::string, std::set<std::string>> left_out;  // why -> names
};

OciRules resolve(const OciProfile& profile);

// The values of an argument that a comparison accepts.
struct Accepted {
  enum class Kind { some, all, none, cannot_be_said } kind = Kind::some;
  Term term;  // for some
};
Accepted accepted_by(const OciArgument& argument);

}  // namespace glovebox::seccomp
