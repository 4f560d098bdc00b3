// Chooses what this process is: a role that the supervisor started, or a command.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_code.h"
#include "base/unique_fd.h"
#include "box/keeper.h"
#include "cli/message.h"
#include "cli/plane.h"
#include "cli/process_secrets.h"
#include "cli/rehearse.h"
#include "cli/worker.h"
#include "roles/auditor_role.h"
#include "roles/boxer_role.h"
#include "roles/role.h"
#include "roles/role_start.h"
#include "roles/worker.h"

namespace glovebox {
namespace {

int run_role(roles::Role role) {
  UniqueFd channel(roles::kStarterFd);
  if (role == roles::Role::keeper) box::run_keeper(std::move(channel));
  auto start = roles::receive_start(role, std::move(channel));
  if (!start)
    return to_int(cli::fail(ExitCode::usage, "this name is for processes that glovebox starts"));
  switch (role) {
    case roles::Role::auditor:
      return roles::run_auditor_role(*std::move(start));
    case roles::Role::boxer:
      return roles::run_boxer(*std::move(start));
    case roles::Role::worker:
      return to_int(roles::run_worker(*std::move(start)));
    case roles::Role::supervisor:
    case roles::Role::keeper:
      break;
  }
  return to_int(ExitCode::usage);
}

ExitCode run_command(std::span<const std::string> arguments) {
  const std::string command = arguments.empty() ? "" : arguments.front();
  const auto rest = arguments.subspan(arguments.empty() ? 0 : 1);
  if (command == "--version") {
    cli::print_out("glovebox " GLOVEBOX_VERSION "\n");
    return ExitCode::done;
  }
  if (command == "plane") return cli::plane_command(rest);
  if (command == "worker") return cli::worker_command(rest);
  if (command == "rehearse") return cli::rehearse_command(rest);
  return cli::fail(ExitCode::usage, "no such command");
}

}  // namespace
}  // namespace glovebox

int main(int argc, char** argv) {
  if (argc > 0)
    if (const auto role = glovebox::roles::role_of_process(argv[0])) return glovebox::run_role(*role);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  static constexpr std::string_view kKeys[] = {"--environment-key"};
  glovebox::cli::scrub_arguments(argc, argv, kKeys);
  return glovebox::to_int(glovebox::run_command(arguments));
}
