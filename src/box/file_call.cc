#include "box/file_call.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "codec/json.h"
#include "os/file.h"
#include "tools/file_tool.h"

namespace glovebox::box {

namespace {

bool is_root(const MountEntry& entry) {
  return entry.kind == MountKind::workspace || entry.kind == MountKind::bind;
}

Result<tools::Root> open_root(const MountEntry& entry) {
  tools::Root root;
  root.dir = TRY(os::open_at(AT_FDCWD, entry.at, O_PATH, os::Resolve::no_symlinks));
  root.path = entry.at;
  root.access = entry.access == Access::read_write ? tools::RootAccess::read_write
                                                   : tools::RootAccess::read_only;
  root.naming = entry.at == kOutputs ? tools::RootNaming::silent : tools::RootNaming::announced;
  return root;
}

}  // namespace

Result<FileCall> FileCall::prepare(const BoxPlan& plan) {
  std::optional<tools::Root> workspace;
  std::vector<tools::Root> extra;
  for (const MountEntry& entry : plan.mounts) {
    if (!is_root(entry)) continue;
    tools::Root root = TRY(open_root(entry));
    // A single file may be mounted too; it is reached through the root that holds it, if any.
    if (TRY(os::facts_of(root.dir.get())).type != os::FileType::folder) continue;
    if (entry.kind == MountKind::workspace) {
      workspace = std::move(root);
    } else {
      extra.push_back(std::move(root));
    }
  }
  if (!workspace) return Error(ErrorKind::invalid, "the plan has no workspace");
  tools::ToolLimits limits;
  limits.walk_threads = std::clamp(plan.limits.cores, 1u, tools::kMaxWalkThreads);
  return FileCall(
      TRY(tools::Roots::make(std::move(*workspace), std::move(extra), plan.host_workdir)), limits);
}

tools::ToolResult FileCall::run(std::string_view request) const {
  const std::string_view name = request.substr(0, request.find('\n'));
  const auto tool = tools::file_tool_named(name);
  if (!tool) return tools::error_result(std::format("no file tool {}", name));
  request.remove_prefix(std::min(name.size() + 1, request.size()));
  const auto json = codec::parse_json(request);
  if (!json || !json->is_object())
    return tools::error_result(std::format("{}: the input is not a JSON object", name));
  const SystemClock clock;
  SystemRandom random;
  return tools::run_file_tool(*tool, *json, {roots_, limits_, clock, random});
}

}  // namespace glovebox::box
