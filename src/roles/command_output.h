// One run of a program for what it prints, in a process that exists for this alone.
#pragma once

#include <string>
#include <vector>

#include "base/units.h"
#include "roles/secret_command.h"

namespace glovebox::roles {

// Runs the program to its end and takes the secret from what it printed. Ends every child of this
// process, which is a subreaper: so whatever the program started. `owner`: a descriptor that is
// readable when nobody waits for the answer any more; the run is then cut short.
// Limits and errors: see secret_command.h.
CommandAnswer run_for_secret(const std::vector<std::string>& words, milliseconds patience,
                             int owner);

}  // namespace glovebox::roles
