#include "cli/audit_place.h"

#include "cli/state_place.h"

namespace glovebox::cli {

roles::Outcome<std::string> audit_place(const std::optional<std::string>& named) {
  if (named) return *named;
  return TRY(state_place(std::nullopt)) + "/audit";
}

}  // namespace glovebox::cli
