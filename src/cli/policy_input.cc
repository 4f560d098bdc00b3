#include "cli/policy_input.h"

#include <functional>
#include <optional>
#include <utility>

#include "cli/git_blob.h"
#include "os/file.h"
#include "policy/builtin.h"
#include "policy/diagnostic.h"
#include "policy/load.h"
#include "roles/policy_calendar.h"
#include "roles/policy_source.h"
#include "roles/trusted_file.h"
#include "seccomp/filter.h"
#include "seccomp/parse.h"

namespace glovebox::cli {

namespace {

using Read = std::function<Result<std::string>(const std::string& path)>;

Result<std::string> read_builtin(std::string_view name) {
  const auto text = policy::builtin(name);
  if (!text)
    return Error(ErrorKind::not_found,
                 "no shipped policy of that name\nhint: builtin:default, builtin:strict");
  return std::string(*text);
}

Result<std::string> read_filter(const std::string& name, const Read& read) {
  if (!roles::is_builtin(name)) return read(name);
  const auto text = seccomp::builtin_text(roles::builtin_name(name));
  if (!text) return Error(ErrorKind::not_found, "no such filter");
  return std::string(*text);
}

Result<void> add_filter(PolicyInput& input, const std::string& name, const Read& read) {
  if (name.empty() || input.filters.contains(name)) return {};
  std::string text = TRY_CONTEXT(read_filter(name, read), name);
  auto table = seccomp::parse(name, text, seccomp::builtin_set);
  if (!table) {
    std::string all;
    for (const seccomp::TextError& error : table.error())
      all += (all.empty() ? "" : "\n") + seccomp::to_string(error);
    return Error(ErrorKind::invalid, std::move(all));
  }
  input.filters.emplace(name, *std::move(table));
  input.files.push_back({name, std::move(text)});
  return {};
}

}  // namespace

Result<PolicyInput> read_policy_input(const std::string& named, const Clock& clock) {
  const Read from_disk = [](const std::string& path) {
    return os::read_file(path, roles::kMaxTrustedFile);
  };
  PolicyInput input{named, {}, {}, {}};
  std::string file = named;
  Read read = from_disk;
  const bool builtin = roles::is_builtin(named);
  if (!builtin && !os::facts_of_path(named)) {
    if (const auto git = parse_git_name(named)) {
      file = git->path;
      read = [ref = git->ref, &clock](const std::string& path) {
        return read_git_blob({ref, path}, roles::kMaxTrustedFile, clock);
      };
    }
  }
  const std::string text =
      TRY_CONTEXT(builtin ? read_builtin(roles::builtin_name(named)) : read(file), named);
  policy::Loaded loaded = policy::load(file, text, read, roles::day_of(clock.wall()));
  if (!loaded.policy) return Error(ErrorKind::invalid, policy::to_text(loaded));
  for (policy::SourceFile& read_file : loaded.files)
    input.files.push_back({std::move(read_file.name), std::move(read_file.text)});
  input.policy = *std::move(loaded.policy);
  for (const std::string& filter : roles::filter_names(input.policy))
    TRY(add_filter(input, filter, read));
  return input;
}

}  // namespace glovebox::cli
