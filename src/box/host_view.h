// The host's file system as it is now, for make_plan().
#pragma once

#include <optional>
#include <string>

#include "box/plan.h"

namespace glovebox::box {

class KernelHostView final : public HostView {
 public:
  std::optional<PathFacts> look(const std::string& path) const override;
};

}  // namespace glovebox::box
