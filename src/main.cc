// One program, several processes: a role when started by a role's name, else a command.
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/exit_code.h"
#include "base/secret.h"
#include "base/unique_fd.h"
#include "box/keeper.h"
#include "cli/command.h"
#include "cli/process_secrets.h"
#include "os/known_state.h"
#include "os/process.h"
#include "roles/auditor_role.h"
#include "roles/boxer_role.h"
#include "roles/egress_role.h"
#include "roles/role.h"
#include "roles/role_start.h"
#include "roles/worker.h"

namespace {

using namespace glovebox;

int run_role(roles::Role role) {
  UniqueFd channel(roles::kStarterFd);
  if (role == roles::Role::keeper) box::run_keeper(std::move(channel));
  auto start = roles::receive_start(role, std::move(channel));
  // Without a supervisor at the other end there is nobody to tell.
  if (!start) return to_int(ExitCode::usage);
  switch (role) {
    case roles::Role::auditor:
      return roles::run_auditor_role(std::move(*start));
    case roles::Role::boxer:
      return roles::run_boxer(std::move(*start));
    case roles::Role::worker:
      return to_int(roles::run_worker(std::move(*start)));
    case roles::Role::egress:
      return to_int(roles::run_egress(std::move(*start)));
    case roles::Role::keeper:
    case roles::Role::supervisor:
      break;
  }
  return to_int(ExitCode::usage);
}

}  // namespace

int main(int argc, char** argv) {
  if (!os::take_known_state()) return to_int(ExitCode::bug);
  // A box that ends early, or a reader of our output that went away, must not end a role with it.
  os::ignore_broken_pipes();
  if (argc == 1)
    if (const auto role = roles::role_of_process(argv[0])) return run_role(*role);
  // Only the worker has a key among its arguments; those of a boxed program are its own.
  const std::span<char* const> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  Secret key;
  if (!words.empty() && std::string_view(words.front()) == "worker")
    key = cli::take_argument(words, "--environment-key");
  const std::vector<std::string> arguments(words.begin(), words.end());
  return cli::run_command_line(arguments, std::move(key));
}
