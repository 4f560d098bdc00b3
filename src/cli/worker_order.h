// What `glovebox worker` and `glovebox run` are asked to do: the flags, the variables of the
// official worker where a flag is absent, glovebox.toml where both are, and the files that these
// name. Everything is read and checked here; nothing is started.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "audit/wal_sizes.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "roles/boxer_settings.h"
#include "roles/outcome.h"
#include "roles/role.h"
#include "roles/secret_file.h"
#include "roles/worker_settings.h"

namespace glovebox::cli {

struct WorkerOrder {
  roles::WorkerRoleSettings settings;
  std::vector<std::pair<std::string, Secret>> secrets;  // for the worker's process alone
  // Where one of them is read again when it may have changed.
  std::vector<std::pair<std::string, roles::SecretFile>> secret_files;
  std::vector<std::string> proxy_command;  // prints roles::kProxyAuth; empty: none
  std::string policy;
  std::string state;         // empty: the default of who runs it
  std::string workdir;       // empty: below the state folder
  std::string seed;          // empty: none
  std::string audit;         // empty: below the state folder
  std::string audit_origin;  // names the key of a new log; empty: audit::default_origin()
  std::uint64_t audit_reserve = audit::kLeastWalReserve;  // bytes
  roles::WorkspaceMode workspace = roles::WorkspaceMode::session;
  Duration keep = kDefaultKeep;
  std::uint32_t max_calls = roles::kCallSlots;
  std::uint32_t warm = roles::kWarmSessions;
  roles::IdRange ids;
};

// `given_key` is what stood on the command line, empty for none. Takes the keys out of the
// environment. Exit codes: usage, unconfigured.
roles::Outcome<WorkerOrder> read_worker_order(const WorkerOptions& options,
                                              const Configuration& configuration, Secret given_key,
                                              const Log& log);

// Only what the environment says of proxies and authorities, for a command that has no
// configuration; without authorities there are none. Takes the proxy's variables out of the
// environment. Exit code: unconfigured.
roles::Outcome<WorkerOrder> read_surroundings();

// Only the way to the control plane: base URL, proxy, authorities. Takes the proxy's variables out
// of the environment. Exit code: unconfigured.
roles::Outcome<WorkerOrder> read_transport(const WorkerOptions& options,
                                           const Configuration& configuration);

}  // namespace glovebox::cli
