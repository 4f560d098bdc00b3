#include "roles/policy_source.h"

#include <format>
#include <set>
#include <utility>

#include "base/clock.h"
#include "os/file.h"
#include "policy/builtin.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "roles/policy_calendar.h"
#include "roles/trusted_file.h"
#include "seccomp/filter.h"

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

Result<void> load_into(PolicySource& source, const FileOpener& opener) {
  const policy::ReadFile read = [&](const std::string& path) -> Result<std::string> {
    TRY(refuse_links(path, source.file));
    return read_trusted_file(path, opener);
  };
  policy::Loaded loaded =
      policy::load(source.file, source.text, read, day_of(SystemClock().wall()));
  for (std::size_t i = 1; i < loaded.files.size(); ++i) {
    source.files.push_back({loaded.files[i].name, loaded.files[i].text});
    source.paths.push_back(source.files.back().name);
  }
  if (!loaded.policy) return Error(ErrorKind::invalid, policy::to_text(loaded));
  source.policy = std::move(*loaded.policy);
  std::set<std::string> named;
  for (const auto& [name, profile] : source.policy.profiles) {
    const std::string& filter = profile.syscalls;
    if (!named.insert(filter).second) continue;
    if (is_builtin(filter)) {
      if (!seccomp::builtin_text(builtin_name(filter)))
        return Error(ErrorKind::invalid, std::format("{}: no filter named {}",
                                                     policy::to_string(profile.origin), filter));
      continue;
    }
    source.filters.push_back({filter, TRY_CONTEXT(read_trusted_file(filter, opener), filter)});
    TRY(seccomp::compile_file(filter, source.filters.back().text));
    source.paths.push_back(filter);
  }
  return {};
}

}  // namespace

bool is_builtin(std::string_view named) {
  return named.starts_with(kBuiltin);
}

std::string_view builtin_name(std::string_view named) {
  return named.substr(kBuiltin.size());
}

Result<PolicySource> read_policy(std::string_view named, const FileOpener& opener) {
  PolicySource source;
  source.file = std::string(named);
  if (is_builtin(named)) {
    const auto text = policy::builtin(builtin_name(named));
    if (!text)
      return Error(ErrorKind::not_found,
                   std::format("no built-in policy `{}`\nhint: builtin:default "
                               "or builtin:strict",
                               builtin_name(named)));
    source.text = std::string(*text);
  } else {
    source.text = TRY_CONTEXT(read_trusted_file(source.file, opener), named);
    source.paths.push_back(source.file);
  }
  TRY(load_into(source, opener));
  return source;
}

}  // namespace glovebox::roles
