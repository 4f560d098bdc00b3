// What the supervisor tells the egress role at its start. Data; the JSON form crosses the channel.
// Secrets travel beside it, each by kInjected and its name.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"

namespace glovebox::roles {

// Before the name of a secret that the policy injects.
inline constexpr std::string_view kInjected = "injected:";
// In the role's folder, for boxes to read: the host's authorities and the role's own.
inline constexpr std::string_view kTrustName = "ca-bundle.pem";

struct EgressSettings {
  std::string folder;   // of the role's own
  std::string ca_path;  // of the authorities that origins are believed by, for messages
  std::string ca_pem;   // empty: mode inspect has none, and reaches nothing

  codec::Json to_json() const;
  static Result<EgressSettings> from_json(const codec::Json& document);
};

}  // namespace glovebox::roles
