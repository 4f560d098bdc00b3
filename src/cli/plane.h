// `glovebox plane`: a local control plane, for rehearsals and tests.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/exit_code.h"
#include "base/units.h"

namespace glovebox::cli {

struct PlaneOptions {
  std::string listen = "127.0.0.1:0";  // ADDRESS:PORT, loopback only; port 0: a free one
  std::string rehearsals;              // a folder of *.toml; empty: none but those put later
  std::string faults;                  // a JSON file with fault rules (plane/fault.h)
  seconds ttl{90};                     // of leases, 1 to 3600
  std::size_t page = 1000;             // the largest page of a list, 1 to 1000
};

// Prints {base_url, api_key, environment_id, environment_key} as one line and serves until it is
// ended by a signal. Errors are printed.
ExitCode run_plane(const PlaneOptions& options);

// The arguments after `plane`: --listen, --rehearsals, --ttl, --page, --faults, each with a value.
ExitCode plane_command(std::span<const std::string> arguments);

}  // namespace glovebox::cli
