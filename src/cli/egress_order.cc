#include "cli/egress_order.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/find_configuration.h"
#include "net/tls.h"
#include "roles/worker_settings.h"

namespace glovebox::cli {

namespace {

// With the place where it is read again, if there is one.
void inherit(std::string_view name, const WorkerOrder& around, roles::RoleSecrets& into) {
  for (const auto& [known, secret] : around.secrets)
    if (known == name) into.held.emplace_back(known, secret.duplicate());
  for (const auto& [known, file] : around.secret_files)
    if (known == name) into.files.emplace_back(known, file);
}

roles::Outcome<> add_credentials(const Configuration& all, const WorkerOrder& around,
                                 roles::RoleSecrets& into) {
  const EgressConfiguration& configuration = all.egress;
  if (configuration.proxy_command) {
    into.proxy_command = *configuration.proxy_command;
  } else if (configuration.proxy_auth && configuration.proxy_auth == all.proxy_auth) {
    inherit(roles::kProxyAuth, around, into);  // some can be read only once
  } else if (configuration.proxy_auth) {
    auto found = find_secret(*configuration.proxy_auth);
    if (!found) return roles::failure(ExitCode::unconfigured, found.error(), "[egress] proxy_auth");
    into.held.emplace_back(std::string(roles::kProxyAuth), std::move(found->secret));
    if (found->file)
      into.files.emplace_back(std::string(roles::kProxyAuth), *std::move(found->file));
  } else if (!configuration.proxy) {
    inherit(roles::kProxyAuth, around, into);
    into.proxy_command = around.proxy_command;
  }
  return {};
}

}  // namespace

roles::Outcome<EgressOrder> egress_order(const Configuration& all, const WorkerOrder& around) {
  const EgressConfiguration& configuration = all.egress;
  EgressOrder order;
  order.settings.resolvers = configuration.resolvers.value_or(std::vector<net::NameServer>());
  order.settings.proxy = configuration.proxy;
  if (!configuration.proxy) {
    order.settings.proxy = around.settings.proxy;
    inherit(roles::kHttpProxy, around, order.secrets);
    inherit(roles::kHttpsProxy, around, order.secrets);
  }
  order.settings.no_proxy = configuration.no_proxy.value_or(around.settings.no_proxy);
  TRY(add_credentials(all, around, order.secrets));
  order.settings.ca_path = around.settings.ca_path;
  order.settings.ca_pem = around.settings.ca_pem;
  if (configuration.ca_file) {
    auto bundle = net::load_ca_bundle({.file = configuration.ca_file, .environment = {}});
    if (!bundle) return roles::failure(ExitCode::unconfigured, bundle.error(), "[egress] ca_file");
    order.settings.ca_path = std::move(bundle->path);
    order.settings.ca_pem = std::move(bundle->pem);
  }
  return order;
}

}  // namespace glovebox::cli
