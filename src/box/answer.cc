#include "box/answer.h"

#include <format>
#include <string>
#include <string_view>

#include "box/plan_text.h"

namespace glovebox::box {

namespace {

using tools::BashLimit;
using tools::BashLimited;

std::string stopped_text(std::string_view tool, std::string_view limit, std::string_view amount) {
  return std::format("{}: stopped by the {} limit ({})", tool, limit, amount);
}

}  // namespace

tools::BashOutcome bash_outcome(const Verdict& verdict, const PlannedLimits& limits,
                                milliseconds time_limit) {
  switch (verdict.outcome) {
    case Outcome::finished:
      return tools::BashExited{verdict.status};
    case Outcome::timed_out:
      return tools::BashTimedOut{time_limit};
    case Outcome::memory_limit:
      return BashLimited{BashLimit::memory, size_text(limits.memory)};
    case Outcome::cpu_limit:
      return BashLimited{BashLimit::cpu, time_text(limits.cpu)};
    case Outcome::disk_limit:
      return BashLimited{BashLimit::disk, size_text(limits.disk)};
    case Outcome::shutting_down:
      return tools::BashShutdown{};
    case Outcome::setup_failed:
      return tools::BashNoSandbox{verdict.detail};
    case Outcome::interrupted:
      return tools::BashRestarted{};
    case Outcome::audit_failed:
      return tools::BashNotRecorded{};
    case Outcome::denied:
      return tools::BashDenied{verdict.detail};
    case Outcome::signalled:
    case Outcome::cancelled:
    case Outcome::forbidden_call:
      return tools::BashTerminated{};
  }
  return tools::BashTerminated{};
}

tools::ToolResult function_stopped(std::string_view tool, const Verdict& verdict,
                                   const PlannedLimits& limits) {
  const auto text = [&]() -> std::string {
    switch (verdict.outcome) {
      case Outcome::timed_out:
        return std::format("{}: timed out after {}ms", tool, limits.wall.count());
      case Outcome::memory_limit:
        return stopped_text(tool, "memory", size_text(limits.memory));
      case Outcome::cpu_limit:
        return stopped_text(tool, "cpu", time_text(limits.cpu));
      case Outcome::disk_limit:
        return stopped_text(tool, "disk", size_text(limits.disk));
      case Outcome::shutting_down:
        return tools::shutdown_text(tool);
      case Outcome::setup_failed:
        return tools::no_sandbox_text(tool, verdict.detail);
      case Outcome::interrupted:
        return tools::restarted_text(tool);
      case Outcome::audit_failed:
        return tools::not_recorded_text(tool);
      case Outcome::denied:
        return tools::denied_text(tool, verdict.detail);
      case Outcome::cancelled:
        return std::format("{}: cancelled", tool);
      case Outcome::finished:
      case Outcome::signalled:
      case Outcome::forbidden_call:
        return std::format("{}: ended without an answer", tool);
    }
    return {};
  }();
  return tools::error_result(text);
}

}  // namespace glovebox::box
