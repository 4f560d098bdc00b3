// What the supervisor tells the worker at its start. Data; the JSON form crosses the channel.
// Credentials travel beside it: kEnvironmentKey, kWorkSecret, kHttpProxy, kHttpsProxy, kProxyAuth.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "base/units.h"
#include "codec/json.h"

namespace glovebox::roles {

inline constexpr std::string_view kEnvironmentKey = "environment_key";
inline constexpr std::string_view kWorkSecret = "work_secret";
inline constexpr std::string_view kHttpProxy = "http_proxy";  // may hold a password
inline constexpr std::string_view kHttpsProxy = "https_proxy";
inline constexpr std::string_view kProxyAuth = "proxy_auth";  // `user:password`

// The socket that metrics are served on; a peer that is no role.
inline constexpr std::string_view kMetricsPeer = "metrics";

// One item that somebody else claimed and acked.
struct ClaimedItem {
  std::string work;
  std::string session;
};

struct WorkerRoleSettings {
  std::string base_url;
  std::string environment;
  std::string worker_id;
  std::string api_version;
  std::string user_agent;
  std::optional<std::string> proxy;  // the operator's, in place of both; empty: none
  std::string no_proxy;
  std::string ca_path;  // for messages
  std::string ca_pem;   // empty: plain http only
  std::size_t max_sessions = 64;
  Duration max_idle = seconds(60);
  Duration drain = seconds(30);
  Duration silence = seconds(120);
  LogFormat log_format = LogFormat::text;
  LogLevel log_level = LogLevel::info;
  std::optional<ClaimedItem> claimed;  // serve this one and end

  codec::Json to_json() const;
  static Result<WorkerRoleSettings> from_json(const codec::Json& document);
};

}  // namespace glovebox::roles
