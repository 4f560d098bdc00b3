// glovebox.toml: where things are. What is allowed stands in the policy; nothing here widens it.
//
// Pure: text in, values or diagnostics out. Strict as the policy is: an unknown key, a wrong type
// and a key whose work is not in this version are errors with file:line:col. What the file does not
// say is absent; flags and variables come before what it says (worker_order.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/units.h"
#include "cli/metrics_place.h"
#include "net/resolver.h"
#include "policy/diagnostic.h"
#include "roles/boxer_settings.h"
#include "roles/role.h"
#include "roles/secret_reference.h"
#include "worker/work_secret.h"

namespace glovebox::cli {

inline constexpr const char* kDefaultConfiguration = "/etc/glovebox/glovebox.toml";

// The way out for boxes. What is absent is as for the control plane.
struct EgressConfiguration {
  std::optional<std::vector<net::NameServer>> resolvers;
  std::optional<std::string> proxy, no_proxy, ca_file;
  std::optional<roles::SecretReference> proxy_auth;
  std::optional<std::vector<std::string>> proxy_command;
};

struct Configuration {
  // [control_plane]
  std::optional<std::string> base_url, environment, api_version;
  std::optional<std::string> ca_file;
  std::optional<std::string> proxy, no_proxy;  // proxy: no user and password in it; empty: none
  std::optional<roles::SecretReference> environment_key;
  std::optional<roles::SecretReference> proxy_auth;       // `user:password`
  std::optional<std::vector<std::string>> proxy_command;  // prints it; in its place
  std::optional<worker::PlainHttp> plain_http;
  // [worker]
  std::optional<std::string> workdir, seed;
  std::optional<roles::WorkspaceMode> workspace;
  std::optional<Duration> keep;  // zero: for ever
  std::optional<std::size_t> max_sessions;
  std::optional<std::uint32_t> max_calls, warm;
  std::optional<Duration> max_idle, drain;
  EgressConfiguration egress;
  // [policy], [box], [state], [audit]
  std::optional<std::string> policy;
  std::optional<roles::IdRange> user_range;
  std::optional<std::string> state;
  std::optional<std::string> audit, audit_origin;
  std::optional<std::uint64_t> audit_reserve;  // bytes
  // [metrics], [log]
  std::optional<MetricsPlace> metrics;
  std::optional<LogLevel> log_level;
  std::optional<LogFormat> log_format;
};

struct LoadedConfiguration {
  std::optional<Configuration> configuration;   // absent if there is any diagnostic
  std::vector<policy::Diagnostic> diagnostics;  // by place in the file
};

// `file` is how the file is named in messages. An empty file is a configuration that says nothing.
LoadedConfiguration load_configuration(const std::string& file, std::string_view text);

// The diagnostics for people, each with its line; of a line where a secret may stand by mistake
// only the key is shown.
std::string to_text(const LoadedConfiguration& loaded, std::string_view text);

}  // namespace glovebox::cli
