// What the supervisor tells the egress role at its start. Data; the JSON form crosses the channel.
// Secrets travel beside it, each by kInjected and its name; and kHttpProxy, kHttpsProxy, kProxyAuth
// (worker_settings.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "net/resolver.h"

namespace glovebox::roles {

// Before the name of a secret that the policy injects.
inline constexpr std::string_view kInjected = "injected:";
// In the role's folder, for boxes to read: the host's authorities and the role's own.
inline constexpr std::string_view kTrustName = "ca-bundle.pem";

struct EgressSettings {
  std::string folder;   // of the role's own
  std::string ca_path;  // of the authorities that origins are believed by, for messages
  std::string ca_pem;   // empty: mode inspect has none, and reaches nothing
  std::vector<net::NameServer> resolvers;  // in place of resolv.conf's; empty: those
  std::optional<std::string> proxy;        // in place of both secrets; empty: none
  std::string no_proxy;

  codec::Json to_json() const;
  static Result<EgressSettings> from_json(const codec::Json& document);
};

}  // namespace glovebox::roles
