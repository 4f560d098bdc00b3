// The policy as the operator named it: `builtin:NAME` or a file, read once and checked.
//
// Whoever can write a policy decides what agents may do, so a file that others could have written
// is refused. There is no fallback: without a policy nothing runs.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/check.h"
#include "policy/load.h"
#include "policy/policy.h"
#include "roles/boxer_settings.h"
#include "roles/file_opener.h"

namespace glovebox::roles {

struct PolicySource {
  std::string file;  // as named in messages and records
  std::string text;
  std::vector<FilterSource> files;    // what it includes, its cap, its tests
  std::vector<FilterSource> filters;  // texts of the operator's filters that it names
  policy::Policy policy;
  policy::Filters tables;          // of every filter that it names, by the word it uses
  std::vector<std::string> paths;  // host files that belong to it, also by their real names
};

// A policy as far as it could be read, for who judges it and does not run it.
struct PolicyFiles {
  std::string file;
  policy::Loaded loaded;
  std::vector<FilterSource> filters;  // texts of the operator's filters that it names
  policy::Filters tables;             // of every filter that it names, by the word it uses
  std::vector<std::string> paths;
};
// Of a text that is there already; `read` finds what it names. Errors: those of reading a filter;
// invalid: a filter that it names.
Result<PolicyFiles> judge_policy_text(std::string file, std::string_view text,
                                      const policy::ReadFile& read, policy::Day today);
// `builtin:NAME`, or a file that `read` finds, as it does what that file names. Errors: those of
// reading the policy or a filter; invalid: a filter that it names.
Result<PolicyFiles> read_policy_files(std::string_view named, const policy::ReadFile& read,
                                      policy::Day today);
// Of files that can be trusted. Errors: also denied (owner, mode, link), limit.
Result<PolicyFiles> read_policy_files(std::string_view named, const FileOpener& opener = {});

// A cap file by itself, for who judges it.
struct CapFile {
  policy::LoadedCap loaded;
  policy::Filters tables;  // of the filter that it names
};
// As read_policy_files().
Result<CapFile> read_cap_file(const std::string& file, const FileOpener& opener = {});

// What tells which of two profiles permits more.
policy::Compare profile_compare();

// What nothing may run with, although it can be read and whatever the day: what this binary cannot
// enforce, what exceeds the cap, what a date would loosen.
std::vector<policy::Diagnostic> unusable(const policy::Policy& policy,
                                         const policy::Filters& filters);

// Errors: not_found, denied (owner, mode, link), invalid with one diagnostic after another, each
// with file:line:col: also what exceeds the cap, cannot be enforced, or has ended. All mean exit 78
// for a command that would run something.
Result<PolicySource> read_policy(std::string_view named, const FileOpener& opener = {});

// Every filter that a profile of the policy can have on some day, and the cap's.
std::set<std::string> filter_names(const policy::Policy& policy);

// The profile's filter as the boxer knows it: `bash` for `builtin:bash`, else the path.
bool is_builtin(std::string_view named);
std::string_view builtin_name(std::string_view named);

}  // namespace glovebox::roles
