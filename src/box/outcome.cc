#include "box/outcome.h"

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

}  // namespace glovebox::box
