#include "cli/policy_input.h"

#include <utility>

#include "cli/git_blob.h"
#include "os/file.h"
#include "policy/load.h"
#include "roles/policy_calendar.h"
#include "roles/policy_source.h"
#include "roles/trusted_file.h"

namespace glovebox::cli {

Result<PolicyInput> read_policy_input(const std::string& named, const Clock& clock) {
  std::string file = named;
  policy::ReadFile read = [](const std::string& path) {
    return os::read_file(path, roles::kMaxTrustedFile);
  };
  if (!roles::is_builtin(named) && !os::facts_of_path(named)) {
    if (const auto git = parse_git_name(named)) {
      file = git->path;
      read = [ref = git->ref, &clock](const std::string& path) {
        return read_git_blob({ref, path}, roles::kMaxTrustedFile, clock);
      };
    }
  }
  roles::PolicyFiles files =
      TRY_CONTEXT(roles::read_policy_files(file, read, roles::day_of(clock.wall())), named);
  if (!files.loaded.policy) return Error(ErrorKind::invalid, policy::to_text(files.loaded));
  PolicyInput input{named, std::move(files.loaded.files), *std::move(files.loaded.policy),
                    std::move(files.tables)};
  for (roles::FilterSource& filter : files.filters)
    input.files.push_back({std::move(filter.name), std::move(filter.text)});
  return input;
}

}  // namespace glovebox::cli
