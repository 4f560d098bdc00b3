#include "roles/policy_source.h"

#include <format>
#include <set>
#include <utility>

#include "policy/builtin.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "roles/trusted_file.h"
#include "seccomp/filter.h"

namespace glovebox::roles {

namespace {

constexpr std::string_view kBuiltin = "builtin:";

Result<void> load_into(PolicySource& source, const FileOpener& opener) {
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
