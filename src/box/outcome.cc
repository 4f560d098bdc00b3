#include "box/outcome.h"

#include <csignal>

namespace glovebox::box {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::finished:
      return "finished";
    case Outcome::signalled:
      return "signalled";
    case Outcome::timed_out:
      return "timed_out";
    case Outcome::memory_limit:
      return "memory_limit";
    case Outcome::cpu_limit:
      return "cpu_limit";
    case Outcome::disk_limit:
      return "disk_limit";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::shutting_down:
      return "shutting_down";
    case Outcome::forbidden_call:
      return "forbidden_call";
    case Outcome::setup_failed:
      return "setup_failed";
    case Outcome::interrupted:
      return "interrupted";
    case Outcome::denied:
      return "denied";
    case Outcome::audit_failed:
      return "audit_failed";
  }
  return "unknown";
}

namespace {

Verdict of_signal(int number) {
  if (number == SIGSYS) return {Outcome::forbidden_call, number, {}};
  if (number == SIGXCPU) return {Outcome::cpu_limit, number, {}};
  return {Outcome::signalled, number, {}};
}

}  // namespace

Verdict judge(const BoxEnd& end) {
  if (end.decided) return *end.decided;
  if (end.reported.failed) return {Outcome::setup_failed, 0, *end.reported.failed};
  if (end.memory_kill) return {Outcome::memory_limit, 0, {}};
  if (end.reported.ended) {
    const auto& tool = *end.reported.ended;
    return tool.signalled ? of_signal(tool.code) : Verdict{Outcome::finished, tool.code, {}};
  }
  if (end.exit.signalled && end.reported.started) return of_signal(end.exit.code);
  if (!end.reported.started)
    return {Outcome::setup_failed, 0, "start: the box's first process ended early"};
  return {Outcome::finished, end.exit.code, {}};
}

}  // namespace glovebox::box
