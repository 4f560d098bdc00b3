// The way to the control plane: resolver, proxy, authorities, as the worker's settings say.
//
// Made before a role gives up reading files. Everything in it belongs to one loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "net/connector.h"
#include "net/dial.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "roles/worker_settings.h"

namespace glovebox::roles {

// By name (worker_settings.h): kHttpProxy, kHttpsProxy, kProxyAuth are taken out.
using SecretsByName = std::map<std::string, Secret>;

struct Transport {
  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<net::Resolver> resolver;
  std::optional<net::TcpDialer> dialer;
  std::optional<net::Connector> connector;

  // Errors: invalid (a proxy or an authority that cannot be read), those of the loop. `clock`
  // outlives it.
  static Result<std::unique_ptr<Transport>> make(const Clock& clock,
                                                 const WorkerRoleSettings& settings,
                                                 SecretsByName& secrets);
};

// `proxy` and `no_proxy` as in WorkerRoleSettings, with what is in `secrets`. Error: invalid.
Result<net::ProxyRules> proxy_rules(SecretsByName& secrets, const std::optional<std::string>& proxy,
                                    const std::string& no_proxy);

// What the host's resolv.conf and hosts say. Files that are missing say nothing: who is behind a
// proxy needs no name server.
net::ResolverConfig host_resolver_config();

Secret take_secret(SecretsByName& secrets, std::string_view name);
// The value of Proxy-Authorization for `user:password`; empty for empty.
Secret basic_authorization(const Secret& user_and_password);

}  // namespace glovebox::roles
