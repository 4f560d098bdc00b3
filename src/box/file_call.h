// One call of a file tool inside its box: the roots as the plan mounts them, and the tool on them.
#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"
#include "box/plan.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::box {

class FileCall {
 public:
  // Before the filter: opens the roots. Errors: of the kernel; invalid when the plan has no
  // workspace.
  static Result<FileCall> prepare(const BoxPlan& plan);

  // `request`: the tool's name, a line end, its input as JSON. Whatever is wrong with it is told in
  // the result.
  tools::ToolResult run(std::string_view request) const;

 private:
  FileCall(tools::Roots roots, tools::ToolLimits limits)
      : roots_(std::move(roots)), limits_(limits) {}
  tools::Roots roots_;
  tools::ToolLimits limits_;
};

}  // namespace glovebox::box
