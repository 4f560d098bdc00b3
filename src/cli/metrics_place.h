// Where metrics and health are served: a Unix socket, a port on loopback, or nowhere.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "cli/loopback_port.h"

namespace glovebox::cli {

struct NoMetrics {
  bool operator==(const NoMetrics&) const = default;
};
struct SocketPath {
  std::string path;  // absolute
  bool operator==(const SocketPath&) const = default;
};
using MetricsPlace = std::variant<NoMetrics, SocketPath, LoopbackPort>;

// `/run/glovebox/metrics.sock`, `127.0.0.1:9464`, `[::1]:9464`, or `none`. Errors: invalid; denied
// for an address that others than this host can reach.
Result<MetricsPlace> parse_metrics_place(std::string_view text);

}  // namespace glovebox::cli
