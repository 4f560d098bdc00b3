// What `glovebox worker` is asked to do: its flags, the variables of the official worker, the files
// that they name. Everything is read and checked here; nothing is started.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/exit_code.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/flags.h"
#include "roles/boxer_settings.h"
#include "roles/worker_settings.h"

namespace glovebox::cli {

// Why a command ends, with its exit code. The message may carry a `hint:` line.
struct Ending {
  ExitCode code;
  std::string message;
};
template <class T>
using Step = std::expected<T, Ending>;

struct WorkerOrder {
  roles::WorkerRoleSettings settings;
  std::vector<std::pair<std::string, Secret>> secrets;  // for the worker's process alone
  std::string policy;
  std::string state;    // empty: the default of who runs it
  std::string workdir;  // empty: below the state folder
  roles::WorkspaceMode workspace = roles::WorkspaceMode::session;
};

enum class WorkerMode : std::uint8_t {
  poll,  // serve the queue
  run,   // serve the one item that is named
};

Result<Flags> parse_worker_flags(WorkerMode mode, std::span<const std::string> arguments);
// Takes the keys out of the environment. Exit codes: usage, unconfigured.
Step<WorkerOrder> read_worker_order(WorkerMode mode, const Flags& flags, const Log& log);

}  // namespace glovebox::cli
