#include "cli/metrics_listener.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <string_view>
#include <utility>
#include <variant>

#include "os/file.h"
#include "os/inet.h"
#include "os/local_listener.h"

namespace glovebox::cli {

namespace {

constexpr const char* kSocketName = "metrics.sock";
constexpr unsigned kSearchable = 0711;

}  // namespace

std::string socket_folder(roles::StartedAs started, const std::string& state_named,
                          const std::string& state, const std::string& runtime_dir) {
  if (state_named.empty() && started == roles::StartedAs::root) return "/run/glovebox";
  if (state_named.empty() && runtime_dir.starts_with('/')) return runtime_dir + "/glovebox";
  return state + "/run";
}

MetricsListener::~MetricsListener() {
  if (folder_.valid()) (void)os::remove_file(folder_.get(), name_);
}

Result<std::string> MetricsListener::open_local(const std::string& folder,
                                                const std::string& name) {
  UniqueFd opened = TRY_CONTEXT(os::open_path(folder, O_RDONLY | O_DIRECTORY), folder);
  socket_ = TRY_CONTEXT(os::listen_local(opened.get(), name), folder + "/" + name);
  folder_ = std::move(opened);
  name_ = name;
  return folder + "/" + name;
}

Result<std::string> MetricsListener::open_port(const LoopbackPort& where) {
  os::InetAddress at{.port = where.port};
  at.family = where.address.is_v4() ? os::InetAddress::Family::v4 : os::InetAddress::Family::v6;
  std::ranges::copy(where.address.bytes(), at.bytes.begin());
  socket_ = TRY_CONTEXT(os::listen_tcp(at), where.address.to_string());
  return std::format("{} port {}", where.address.to_string(), TRY(os::local_port(socket_.get())));
}

roles::Outcome<MetricsListener> MetricsListener::open(const std::optional<MetricsPlace>& wanted,
                                                      const std::string& default_folder,
                                                      const Log& log) {
  MetricsListener listener;
  if (wanted && std::holds_alternative<NoMetrics>(*wanted)) return listener;
  Result<std::string> at = [&]() -> Result<std::string> {
    if (!wanted) {
      if (auto made = os::make_folder(AT_FDCWD, default_folder, kSearchable);
          !made && made.error().kind() != ErrorKind::exists)
        return std::move(made).error().with_context(default_folder);
      return listener.open_local(default_folder, kSocketName);
    }
    if (const auto* port = std::get_if<LoopbackPort>(&*wanted)) return listener.open_port(*port);
    const std::string& path = std::get<SocketPath>(*wanted).path;
    const auto slash = path.rfind('/');
    return listener.open_local(slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1));
  }();
  if (at)
    log.info("metrics and health are served", {{"at", *at}});
  else if (wanted)
    return roles::failure(ExitCode::unconfigured, at.error(), "metrics");
  else
    log.warning("metrics and health are not served", {{"why", at.error().message()}});
  return listener;
}

}  // namespace glovebox::cli
