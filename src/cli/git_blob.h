// A file as git has it, `REF:PATH`: how a review compares a policy with the one of another branch.
//
// git is run by this process, outside every role and without a shell, in the current folder; what
// it prints is bounded in size and time, and it asks nobody for anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace glovebox::cli {

constexpr seconds kGitTime{10};

struct GitName {
  std::string ref, path;
};
// `main:policy/default.toml`; nullopt for a name that is none: no ref or path, or a ref that git
// would take for an option.
std::optional<GitName> parse_git_name(std::string_view text);

// Errors: not_found (no git, or it has no such file; in its own words), limit, timeout.
Result<std::string> read_git_blob(const GitName& name, std::uint64_t limit, const Clock& clock);

}  // namespace glovebox::cli
