#include "os/known_state.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "os/process.h"

namespace glovebox::os {

namespace {

constexpr unsigned kFileMask = 022;

Result<void> open_standard_descriptors() {
  for (int number = 0; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) != -1) continue;
    // The lowest free number is this one. It is meant to be inherited.
    if (::open("/dev/null", O_RDWR) != number) return Error::from_errno(errno, "open /dev/null");
  }
  return {};
}

}  // namespace

Result<void> take_known_state() {
  TRY(open_standard_descriptors());
  struct sigaction hang_up{};
  ::sigaction(SIGHUP, nullptr, &hang_up);
  TRY(reset_signals());
  if (hang_up.sa_handler == SIG_IGN) ::sigaction(SIGHUP, &hang_up, nullptr);
  set_file_mask(kFileMask);
  return {};
}

}  // namespace glovebox::os
