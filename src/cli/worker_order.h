// What `glovebox worker` is asked to do: its flags, the variables of the official worker where a
// flag is absent, the files that both name. Everything is read and checked here; nothing is
// started.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/exit_code.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/options.h"
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
  std::string seed;  // empty: none
  Duration keep{};
  std::uint32_t max_calls = roles::kCallSlots;
  std::uint32_t warm = roles::kWarmSessions;
};

// `given_key` is what stood on the command line, empty for none. Takes the keys out of the
// environment. Exit codes: usage, unconfigured.
Step<WorkerOrder> read_worker_order(const WorkerOptions& options, Secret given_key, const Log& log);

}  // namespace glovebox::cli
