#include "cli/doctor_checks.h"

#include <format>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "cli/process_secrets.h"
#include "cli/worker_order.h"
#include "codec/url.h"
#include "net/http_client.h"
#include "os/file.h"
#include "os/identity.h"
#include "roles/secret_command.h"
#include "roles/state_folder.h"
#include "roles/transport.h"

namespace glovebox::cli {

namespace {

using box::HostCheck;

constexpr Duration kPatience = seconds(15);

// `owner` is who has to have it; root may own what it is still to give away.
HostCheck check_folder(std::string name, const std::string& path, std::uint32_t owner,
                       roles::StartedAs started) {
  HostCheck check{.name = std::move(name)};
  const auto facts = os::facts_of_path(path);
  if (!facts) {
    check.detail = path + " does not exist yet, it is made at the first start";
    return check;
  }
  check.detail = std::format("{}, user {}, mode {:04o}", path, facts->uid, facts->mode);
  constexpr std::uint32_t kOthersWrite = 022;
  if (facts->type != os::FileType::folder) {
    check.state = HostCheck::State::missing;
    check.remedy = "it has to be a folder";
  } else if (facts->uid != owner && (started == roles::StartedAs::user || facts->uid != 0)) {
    check.state = HostCheck::State::missing;
    check.remedy = std::format("chown {} {}", owner, path);
  } else if ((facts->mode & kOthersWrite) != 0) {
    check.state = HostCheck::State::missing;
    check.remedy = "chmod go-w " + path;
  }
  return check;
}

// What can be done about an error on the way to the control plane.
std::string remedy_for(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "the name is not known here: the resolver, a proxy that resolves it, or another "
             "base_url";
    case ErrorKind::invalid:
      return "the certificate does not hold: ca_file in [control_plane] or --ca-file names the "
             "authorities, a proxy that inspects TLS has one of its own";
    case ErrorKind::denied:
      return "the proxy wants credentials: proxy_auth in [control_plane]";
    case ErrorKind::closed:
    case ErrorKind::timeout:
      return "nothing answers there: a firewall, or a proxy that has to be named "
             "(proxy in [control_plane], HTTPS_PROXY)";
    default:
      return "see base_url, proxy and ca_file in [control_plane]";
  }
}

Result<int> ask(const Clock& clock, WorkerOrder order, roles::StartedAs started) {
  roles::SecretsByName secrets;
  for (auto& [name, secret] : order.secrets) secrets.emplace(name, std::move(secret));
  if (!order.proxy_command.empty()) {
    auto command = TRY(roles::SecretCommand::keep(std::move(order.proxy_command), started));
    TRY(command.ask());
    secrets.emplace(roles::kProxyAuth, TRY_CONTEXT(command.take().secret, roles::kProxyAuth));
  }
  const auto base = TRY(codec::BaseUrl::parse(order.settings.base_url));
  const auto transport = TRY(roles::Transport::make(clock, order.settings, secrets));
  net::HttpClient client(*transport->loop, *transport->connector, base, "glovebox-doctor");
  auto response = transport->loop->run_until(
      client.send({.path = "/"}, {.deadline = transport->loop->now() + kPatience}));
  client.close_idle();
  return TRY(std::move(response)).status;
}

}  // namespace

std::vector<HostCheck> check_folders(const DoctorOptions& options,
                                     const Configuration& configuration, roles::StartedAs started) {
  const auto owner = [&](roles::Role role) {
    return started == roles::StartedAs::root ? roles::user_of(role).uid : os::effective_uid();
  };
  const auto named = options.state ? options.state : configuration.state;
  const auto state =
      named ? Result<std::string>(*named)
            : roles::default_state_folder(started, variable("XDG_STATE_HOME"), variable("HOME"));
  std::vector<HostCheck> checks;
  if (state) {
    checks.push_back(check_folder("state folder", *state, owner(roles::Role::supervisor), started));
    if (os::facts_of_path(*state)) {
      checks.push_back(
          check_folder("its sessions", *state + "/sessions", owner(roles::Role::boxer), started));
      checks.push_back(
          check_folder("its workspaces", *state + "/work", owner(roles::Role::boxer), started));
    }
  } else {
    checks.push_back({.name = "state folder",
                      .state = HostCheck::State::weaker,
                      .detail = state.error().message(),
                      .remedy = "name one with --state"});
  }
  if (configuration.audit || state)
    checks.push_back(check_folder("audit log", configuration.audit.value_or(*state + "/audit"),
                                  owner(roles::Role::auditor), started));
  if (configuration.workdir)
    checks.push_back(
        check_folder("workspaces", *configuration.workdir, owner(roles::Role::boxer), started));
  return checks;
}

std::vector<HostCheck> check_control_plane(const Configuration& configuration,
                                           roles::StartedAs started) {
  if (!configuration.base_url && !configuration.environment &&
      variable("ANTHROPIC_BASE_URL").empty() && variable("ANTHROPIC_ENVIRONMENT_ID").empty())
    return {};
  HostCheck check{.name = "control plane", .state = HostCheck::State::missing};
  auto order = read_transport(WorkerOptions(), configuration);
  if (!order) {
    check.detail = order.error().message;
    return {check};
  }
  const std::string url = order->settings.base_url;
  const std::string proxy = order->settings.proxy.value_or("");
  const SystemClock clock;
  const Duration begin = clock.monotonic();
  const auto status = ask(clock, *std::move(order), started);
  if (status) {
    check.state = HostCheck::State::good;
    check.detail = std::format("{} answers with status {} in {} ms{}", url, *status,
                               (clock.monotonic() - begin) / milliseconds(1),
                               proxy.empty() ? "" : ", " + proxy + " where no_proxy lets it");
  } else {
    check.detail = status.error().message();
    check.remedy = remedy_for(status.error().kind());
  }
  return {check};
}

}  // namespace glovebox::cli
