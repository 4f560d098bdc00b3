#include "cli/state_place.h"

#include <utility>

#include "cli/process_secrets.h"
#include "os/identity.h"
#include "roles/state_folder.h"

namespace glovebox::cli {

roles::Outcome<std::string> state_place(const std::optional<std::string>& named) {
  if (named) return *named;
  const auto started = os::effective_uid() == 0 ? roles::StartedAs::root : roles::StartedAs::user;
  auto found = roles::default_state_folder(started, variable("XDG_STATE_HOME"), variable("HOME"));
  if (!found) return roles::failure(ExitCode::unconfigured, found.error());
  return *std::move(found);
}

}  // namespace glovebox::cli
