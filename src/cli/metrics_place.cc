#include "cli/metrics_place.h"

#include "policy/normal_path.h"

namespace glovebox::cli {

Result<MetricsPlace> parse_metrics_place(std::string_view text) {
  if (text == "none") return MetricsPlace(NoMetrics{});
  if (!text.starts_with('/')) return MetricsPlace(TRY(parse_loopback_port(text)));
  if (!policy::is_normal_path(text) || text == "/")
    return Error(ErrorKind::invalid, "a socket has an absolute path without `.` and `..`");
  return MetricsPlace(SocketPath{std::string(text)});
}

}  // namespace glovebox::cli
