// `glovebox plane`: a local control plane, for rehearsals and tests.
#pragma once

#include "base/exit_code.h"
#include "cli/options.h"

namespace glovebox::cli {

// Prints {base_url, api_key, environment_id, environment_key} as one line and serves until a signal
// ends it. Exit: usage for an address that is not loopback, invalid_file for a bad rehearsal or
// fault, unconfigured for a folder that cannot be read, host_lacks for a port that is taken.
ExitCode run_plane(const PlaneOptions& options);

}  // namespace glovebox::cli
