#include "roles/transport.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "codec/base64.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "os/file.h"

namespace glovebox::roles {

namespace {

constexpr std::uint64_t kMaxResolverFile = 1 << 20;

}  // namespace

// By name, from what the supervisor took out of its own environment.
Result<net::ProxyRules> proxy_rules(SecretsByName& secrets, const std::optional<std::string>& proxy,
                                    const std::string& no_proxy) {
  const Secret http = take_secret(secrets, kHttpProxy);
  const Secret https = take_secret(secrets, kHttpsProxy);
  net::ProxySettings operators{
      .proxy = proxy,
      .no_proxy = {},
      .authorization = basic_authorization(take_secret(secrets, kProxyAuth))};
  return net::ProxyRules::make(std::move(operators),
                               [&](const char* name) -> std::optional<std::string> {
                                 const std::string_view key(name);
                                 if (key == "https_proxy" && !https.empty())
                                   return std::string(https.reveal());
                                 if (key == "http_proxy" && !http.empty())
                                   return std::string(http.reveal());
                                 if (key == "no_proxy" && !no_proxy.empty()) return no_proxy;
                                 return std::nullopt;
                               });
}

net::ResolverConfig host_resolver_config() {
  net::ResolverConfig config;
  if (const auto text = os::read_file("/etc/resolv.conf", kMaxResolverFile))
    net::apply_resolv_conf(*text, config);
  if (const auto text = os::read_file("/etc/hosts", kMaxResolverFile))
    net::apply_hosts(*text, config);
  return config;
}

Secret take_secret(SecretsByName& secrets, std::string_view name) {
  const auto place = secrets.find(std::string(name));
  return place == secrets.end() ? Secret() : std::move(place->second);
}

Secret basic_authorization(const Secret& user_and_password) {
  if (user_and_password.empty()) return {};
  std::string encoded = codec::base64_encode(user_and_password.reveal());
  std::string value = "Basic " + encoded;
  zero_memory(encoded.data(), encoded.size());
  return Secret::take(std::move(value));
}

Result<std::unique_ptr<Transport>> Transport::make(const Clock& clock,
                                                   const WorkerRoleSettings& settings,
                                                   SecretsByName& secrets) {
  auto transport = std::make_unique<Transport>();
  transport->loop = TRY(net::Loop::make(clock));
  transport->resolver = TRY(net::make_resolver(*transport->loop, host_resolver_config()));
  transport->dialer.emplace(*transport->loop, *transport->resolver);
  std::optional<net::TlsContext> tls;
  if (!settings.ca_pem.empty())
    tls = TRY(net::TlsContext::make({settings.ca_path, settings.ca_pem}));
  transport->connector.emplace(
      *transport->dialer,
      TRY_CONTEXT(proxy_rules(secrets, settings.proxy, settings.no_proxy), "proxy"),
      std::move(tls));
  return transport;
}

}  // namespace glovebox::roles
