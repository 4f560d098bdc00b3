#include "roles/policy_source.h"

#include <fcntl.h>

#include <format>
#include <set>
#include <utility>

#include "os/file.h"
#include "os/identity.h"
#include "policy/builtin.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

constexpr std::string_view kBuiltin = "builtin:";

// The same rules for the policy and for the filters it names.
Result<std::string> read_trusted(const std::string& path) {
  if (auto facts = os::facts_of_path(path); !facts)
    return std::move(facts).error();
  else if (facts->type == os::FileType::symlink)
    return Error(ErrorKind::denied, "is a symbolic link");
  const UniqueFd file = TRY(os::open_path(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  const os::FileFacts facts = TRY(os::facts_of(file.get()));
  const policy::PolicyFileFacts checked{.regular = facts.type == os::FileType::regular,
                                        .symlink = false,
                                        .mode = facts.mode,
                                        .uid = facts.uid};
  TRY(policy::check_policy_file(checked, os::effective_uid()));
  return os::read_all(file.get(), kMaxPolicyFile);
}

Result<void> load_into(PolicySource& source) {
  policy::Loaded loaded = policy::load(source.file, source.text);
  if (!loaded.policy)
    return Error(ErrorKind::invalid, policy::to_text(loaded.diagnostics, source.text));
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
    source.filters.push_back({filter, TRY_CONTEXT(read_trusted(filter), filter)});
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

Result<PolicySource> read_policy(std::string_view named) {
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
    source.text = TRY_CONTEXT(read_trusted(source.file), named);
    source.paths.push_back(source.file);
  }
  TRY(load_into(source));
  return source;
}

}  // namespace glovebox::roles
