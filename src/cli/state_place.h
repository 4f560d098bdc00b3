// Where the state folder is that a command asks about and does not open.
#pragma once

#include <optional>
#include <string>

#include "roles/outcome.h"

namespace glovebox::cli {

// The one that was named, else that of the user who asks. Exit 78 where nothing says where it is.
roles::Outcome<std::string> state_place(const std::optional<std::string>& named);

}  // namespace glovebox::cli
