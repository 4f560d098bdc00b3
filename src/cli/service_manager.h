// What the service manager is told (sd_notify(3)); nothing when there is none.
//
// The socket is connected at once, since the supervisor gives up making sockets. A message that is
// lost is lost: the manager has its own timeouts.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "base/units.h"

namespace glovebox::cli {

class ServiceManager {
 public:
  // Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. `clock` outlives
  // it.
  explicit ServiceManager(const Clock& clock);

  void ready(std::string_view status);
  void status(std::string_view status);
  void reloading();
  void stopping(std::string_view status);

  // Beats when it is time; gives how long until it is again. Nothing: no watchdog.
  std::optional<Duration> watchdog();

 private:
  void say(std::string_view message);

  const Clock& clock_;
  UniqueFd socket_;
  std::optional<Duration> every_;  // half of what the manager waits
  Duration next_{};
};

}  // namespace glovebox::cli
