// From TOML text to a Policy, or to everything that is wrong with it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace glovebox::policy {

struct Loaded {
  std::optional<Policy> policy;         // absent if there is any diagnostic
  std::vector<Diagnostic> diagnostics;  // by place in the file
};

// Pure. `file` is how the file is named in messages and, for relative paths, where it stands.
Loaded load(const std::string& file, std::string_view text);

// What the kernel says about a policy file; whoever can write it decides what the agent may do.
struct PolicyFileFacts {
  bool regular = false;
  bool symlink = false;
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
};
// Refuses (kind denied) a symlink, anything but a regular file, one that group or others can
// write, and one that belongs to neither root nor `own_uid`.
Result<void> check_policy_file(const PolicyFileFacts& facts, std::uint32_t own_uid);

}  // namespace glovebox::policy
