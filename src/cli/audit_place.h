// The folder of the log that an `audit` command is about.
#pragma once

#include <optional>
#include <string>

#include "roles/outcome.h"

namespace glovebox::cli {

// The one that was named, else that in the state folder of the user who asks. Exit 78 where
// nothing says where it is.
roles::Outcome<std::string> audit_place(const std::optional<std::string>& named);

}  // namespace glovebox::cli
