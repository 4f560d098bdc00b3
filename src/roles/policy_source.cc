#include "roles/policy_source.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/clock.h"
#include "os/file.h"
#include "policy/builtin.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "roles/call_decision.h"
#include "roles/policy_calendar.h"
#include "roles/trusted_file.h"
#include "seccomp/filter.h"
#include "seccomp/parse.h"

namespace glovebox::roles {

namespace {

constexpr std::string_view kBuiltin = "builtin:";

// A file in the folder of the policy or below is reached without a symbolic link on the way; the
// file itself may be none wherever it is.
Result<void> refuse_links(const std::string& path, const std::string& policy) {
  const std::string folder = policy.substr(0, policy.rfind('/') + 1);
  if (!path.starts_with(folder)) return {};
  for (auto slash = path.find('/', folder.size()); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const auto facts = os::facts_of_path(path.substr(0, slash));
    if (facts && facts->type == os::FileType::symlink)
      return Error(ErrorKind::denied, "is reached by a symbolic link");
  }
  return {};
}

// Its place in the file system, whatever the name was; nullopt: it is gone, or out of reach.
std::optional<std::string> real_path(const std::string& path) {
  const UniqueFd file = os::open_path(path, O_PATH | O_NOFOLLOW).value_or(UniqueFd());
  if (!file) return std::nullopt;
  auto real = os::read_link_at(AT_FDCWD, std::format("/proc/self/fd/{}", file.get()));
  if (!real || !real->starts_with('/')) return std::nullopt;
  return *std::move(real);
}

policy::ReadFile trusted_files(std::string_view policy, const FileOpener& opener) {
  return [policy = std::string(policy), &opener](const std::string& path) -> Result<std::string> {
    TRY(refuse_links(path, policy));
    return read_trusted_file(path, opener);
  };
}

Result<seccomp::Table> table_of(const std::string& name, std::string_view text) {
  auto table = seccomp::parse(name, text, seccomp::builtin_set);
  if (table) return *std::move(table);
  std::string message;
  for (const seccomp::TextError& error : table.error())
    message += (message.empty() ? "" : "\n") + seccomp::to_string(error);
  return Error(ErrorKind::invalid, std::move(message));
}

struct ReadFilters {
  policy::Filters tables;
  std::vector<FilterSource> texts;  // of the operator's own
};

// `file`: which names them.
Result<ReadFilters> read_filters(const std::set<std::string>& names, const std::string& file,
                                 const policy::ReadFile& read) {
  ReadFilters filters;
  for (const std::string& name : names) {
    if (is_builtin(name)) {
      const auto text = seccomp::builtin_text(builtin_name(name));
      if (!text)
        return Error(ErrorKind::invalid, std::format("{}: no filter named {}", file, name));
      filters.tables.emplace(name, TRY(table_of(name, *text)));
      continue;
    }
    filters.texts.push_back({name, TRY_CONTEXT(read(name), name)});
    filters.tables.emplace(name, TRY(table_of(name, filters.texts.back().text)));
  }
  return filters;
}

Result<void> refuse_unusable(const PolicyFiles& files) {
  const policy::Policy& policy = *files.loaded.policy;
  std::vector<policy::Diagnostic> problems = unusable(policy, files.tables);
  std::ranges::move(policy::nothing_holds(policy), std::back_inserter(problems));
  policy::sort_by_place(problems, files.loaded.files);
  if (problems.empty()) return {};
  return Error(ErrorKind::invalid, policy::to_text(problems, files.loaded.files));
}

}  // namespace

bool is_builtin(std::string_view named) {
  return named.starts_with(kBuiltin);
}

std::string_view builtin_name(std::string_view named) {
  return named.substr(kBuiltin.size());
}

std::set<std::string> filter_names(const policy::Policy& policy) {
  // What a profile has that names none.
  std::set<std::string> names = {policy::Profile().syscalls};
  for (const auto& [_, part] : policy.parts) names.insert(part.own.syscalls);
  if (policy.cap && !policy.cap->syscalls.empty()) names.insert(policy.cap->syscalls);
  return names;
}

policy::Compare profile_compare() {
  return policy::compare;
}

std::vector<policy::Diagnostic> unusable(const policy::Policy& policy,
                                         const policy::Filters& filters) {
  std::vector<policy::Diagnostic> problems = policy::not_enforced(policy);
  std::ranges::move(policy::beyond_cap(policy, filters, profile_compare()),
                    std::back_inserter(problems));
  std::ranges::move(policy::loosened_by_dates(policy, filters, profile_compare()),
                    std::back_inserter(problems));
  return problems;
}

Result<PolicyFiles> judge_policy_text(std::string file, std::string_view text,
                                      const policy::ReadFile& read, policy::Day today) {
  PolicyFiles files;
  files.file = std::move(file);
  files.loaded = policy::load(files.file, text, read, today);
  if (!is_builtin(files.file))
    for (const policy::SourceFile& source : files.loaded.files) files.paths.push_back(source.name);
  if (!files.loaded.policy) return files;
  ReadFilters filters = TRY(read_filters(filter_names(*files.loaded.policy), files.file, read));
  files.tables = std::move(filters.tables);
  files.filters = std::move(filters.texts);
  for (const FilterSource& filter : files.filters) files.paths.push_back(filter.name);
  return files;
}

Result<PolicyFiles> read_policy_files(std::string_view named, const policy::ReadFile& read,
                                      policy::Day today) {
  std::string text;
  if (is_builtin(named)) {
    const auto builtin = policy::builtin(builtin_name(named));
    if (!builtin)
      return Error(ErrorKind::not_found,
                   std::format("no built-in policy `{}`\nhint: builtin:default "
                               "or builtin:strict",
                               builtin_name(named)));
    text = std::string(*builtin);
  } else {
    auto found = read(std::string(named));
    const bool is_missing = !found && found.error().kind() == ErrorKind::not_found;
    if (is_missing && found.error().error_number() != 0)
      return Error(ErrorKind::not_found,
                   std::format("{}: {}\nhint: start from `glovebox policy show builtin:default`",
                               named, found.error().message()));
    text = TRY_CONTEXT(std::move(found), named);
  }
  return judge_policy_text(std::string(named), text, read, today);
}

Result<PolicyFiles> read_policy_files(std::string_view named, const FileOpener& opener) {
  PolicyFiles files =
      TRY(read_policy_files(named, trusted_files(named, opener), day_of(SystemClock().wall())));
  // What a mount would show is told by where a file lies, not by how it was named.
  for (std::size_t i = 0, named_paths = files.paths.size(); i < named_paths; ++i)
    if (auto real = real_path(files.paths[i]); real && *real != files.paths[i])
      files.paths.push_back(*std::move(real));
  return files;
}

Result<CapFile> read_cap_file(const std::string& file, const FileOpener& opener) {
  const policy::ReadFile read = trusted_files(file, opener);
  CapFile cap{policy::load_cap(file, TRY_CONTEXT(read(file), file)), {}};
  if (cap.loaded.cap && !cap.loaded.cap->syscalls.empty())
    cap.tables = TRY(read_filters({cap.loaded.cap->syscalls}, file, read)).tables;
  return cap;
}

Result<PolicySource> read_policy(std::string_view named, const FileOpener& opener) {
  PolicyFiles files = TRY(read_policy_files(named, opener));
  if (!files.loaded.policy) return Error(ErrorKind::invalid, policy::to_text(files.loaded));
  TRY(refuse_unusable(files));
  // The floor and the proof.
  TRY(try_filters(*files.loaded.policy, files.filters));
  PolicySource source;
  source.file = std::move(files.file);
  source.text = std::move(files.loaded.files.front().text);
  for (std::size_t i = 1; i < files.loaded.files.size(); ++i)
    source.files.push_back(
        {std::move(files.loaded.files[i].name), std::move(files.loaded.files[i].text)});
  source.filters = std::move(files.filters);
  source.policy = *std::move(files.loaded.policy);
  source.tables = std::move(files.tables);
  source.paths = std::move(files.paths);
  return source;
}

}  // namespace glovebox::roles
