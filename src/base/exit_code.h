// What the process tells its caller. The numbers are sysexits.h where that fits; scripts depend on
// them, so they never change.
#pragma once

#include <cstdint>

namespace glovebox {

enum class ExitCode : std::uint8_t {
  done = 0,
  negative = 1,       // the command's own negative answer (tampered, expectation failed)
  invalid_file = 2,   // the file that the command was asked to judge or replay is invalid
  widened = 3,        // `policy diff`: the new policy permits something that the old one does not
  usage = 64,         // the command line
  corrupt_log = 65,   // the audit log does not fit together at start
  unreachable = 69,   // the control plane (single-shot commands)
  bug = 70,           // an internal error, or roles that keep dying
  host_lacks = 71,    // the host lacks something that the policy needs
  log_failed = 74,    // the audit log cannot be written
  busy = 75,          // another process holds this state folder
  refused = 77,       // by the policy
  unconfigured = 78,  // nothing usable to run with: policy, folder, key
  timed_out = 124,    // `exec`: the call's time was over
  signalled = 128,    // `exec`: plus the number of the signal that ended the command
};

constexpr int to_int(ExitCode code) {
  return static_cast<int>(code);
}

}  // namespace glovebox
