// From TOML text to a Policy, or to everything that is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/diagnostic.h"
#include "policy/policy.h"

namespace glovebox::policy {

// How a further file is read: whole, and only if it can be trusted as the policy itself is. Errors:
// not_found, denied (not to be trusted), others.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

struct Loaded {
  std::optional<Policy> policy;         // absent if there is any diagnostic
  std::vector<Diagnostic> diagnostics;  // errors, by file and place
  // Every file that was read, the policy first. With them and read_from() the same policy can be
  // loaded where no file can be opened.
  std::vector<SourceFile> files;
};

// A cap file judged by itself: `policy check` can be asked about one. To load() it is no policy.
struct LoadedCap {
  std::optional<Profile> cap;           // absent if there is any diagnostic
  std::vector<Diagnostic> diagnostics;  // errors, by place
  std::vector<SourceFile> files;        // the one file
};

constexpr std::size_t kMaxIncludes = 32;

// Pure but for `read`. `file` is how the file is named in messages and, for relative paths, where
// it stands. Tests are also read from NAME.test.toml beside it, if there is one. What has expired
// on `today` adds nothing to the profiles.
Loaded load(const std::string& file, std::string_view text, const ReadFile& read, Day today);
// A policy of one file; every date in it counts as past.
Loaded load(const std::string& file, std::string_view text);
// Whether a text has the table `cap`, which only a cap file has. False for one that is no TOML.
bool is_cap_file(std::string_view text);
LoadedCap load_cap(const std::string& file, std::string_view text);
// Finds what an earlier load() read.
ReadFile read_from(std::vector<SourceFile> files);

std::string to_text(const Loaded& loaded);

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
