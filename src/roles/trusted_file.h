// A file that says what glovebox does: the policy, a filter, glovebox.toml.
//
// Whoever can write such a file decides what agents may do, so one that others could have written
// is refused (policy::check_policy_file).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "roles/file_opener.h"

namespace glovebox::roles {

constexpr std::uint64_t kMaxTrustedFile = 1 << 20;

// Errors: denied (owner, mode, symbolic link), limit, those of the opener; without the path.
Result<std::string> read_trusted_file(const std::string& path, const FileOpener& opener);

// A program that glovebox runs: the same of the file, which must be one that can be executed, and
// of every folder above it: whoever can write one of them can put another file there, but for a
// folder with the sticky bit. Returns its real path, to be executed by. Errors: denied, those of
// the kernel; without the path.
Result<std::string> trusted_program(const std::string& path);

}  // namespace glovebox::roles
