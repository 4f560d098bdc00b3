#include "cli/policy_input.h"

#include <fcntl.h>

#include <utility>

#include "cli/git_blob.h"
#include "os/file.h"
#include "policy/load.h"
#include "roles/policy_calendar.h"
#include "roles/policy_source.h"
#include "roles/trusted_file.h"

namespace glovebox::cli {

namespace {

// Also of a pipe: `policy diff <(git show …) FILE`.
Result<std::string> read_any(const std::string& path) {
  const UniqueFd file = TRY(os::open_path(path, O_RDONLY | O_NOCTTY));
  if (TRY(os::facts_of(file.get())).type == os::FileType::folder)
    return Error(ErrorKind::invalid, "is a folder");
  return os::read_all(file.get(), roles::kMaxTrustedFile);
}

}  // namespace

Result<PolicyInput> read_policy_input(const std::string& named, const Clock& clock) {
  std::string file = named;
  policy::ReadFile read = read_any;
  if (!roles::is_builtin(named) && !os::facts_of_path(named)) {
    if (const auto git = parse_git_name(named)) {
      file = git->path;
      read = [ref = git->ref, &clock](const std::string& path) {
        return read_git_blob({ref, path}, roles::kMaxTrustedFile, clock);
      };
    }
  }
  roles::PolicyFiles files = TRY(roles::read_policy_files(file, read, roles::day_of(clock.wall())));
  if (!files.loaded.policy) return Error(ErrorKind::invalid, policy::to_text(files.loaded));
  PolicyInput input{named, std::move(files.loaded.files), *std::move(files.loaded.policy),
                    std::move(files.tables)};
  for (roles::FilterSource& filter : files.filters)
    input.files.push_back({std::move(filter.name), std::move(filter.text)});
  return input;
}

}  // namespace glovebox::cli
