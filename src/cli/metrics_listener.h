// The socket that metrics and health are served on, made before anything is given up.
#pragma once

#include <optional>
#include <string>

#include "base/log.h"
#include "base/unique_fd.h"
#include "cli/metrics_place.h"
#include "roles/confinement.h"
#include "roles/outcome.h"

namespace glovebox::cli {

// Removes the name of a local socket when it goes, if it still may.
class MetricsListener {
 public:
  MetricsListener() = default;  // nowhere
  MetricsListener(MetricsListener&&) = default;
  MetricsListener& operator=(MetricsListener&&) = delete;
  MetricsListener(const MetricsListener&) = delete;
  MetricsListener& operator=(const MetricsListener&) = delete;
  ~MetricsListener();

  // Where the operator said: unconfigured if that cannot be. Otherwise `metrics.sock` in the
  // folder for sockets; if there is none that can be had, nowhere, with a warning.
  static roles::Outcome<MetricsListener> open(const std::optional<MetricsPlace>& wanted,
                                              const std::string& default_folder, const Log& log);

  UniqueFd take_socket() { return std::move(socket_); }

 private:
  Result<std::string> open_local(const std::string& folder, const std::string& name);
  Result<std::string> open_port(const LoopbackPort& where);

  UniqueFd socket_;
  UniqueFd folder_;  // of a local socket
  std::string name_;
};

// Where sockets go: /run/glovebox or $XDG_RUNTIME_DIR/glovebox for the default state folder (of
// which there is one a host and user), `run` in any other one. Pure; empty arguments are unset.
std::string socket_folder(roles::StartedAs started, const std::string& state_named,
                          const std::string& state, const std::string& runtime_dir);

}  // namespace glovebox::cli
