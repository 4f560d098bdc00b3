#include "roles/egress_settings.h"

#include <utility>

#include "codec/host.h"

namespace glovebox::roles {

using codec::Json;

Json EgressSettings::to_json() const {
  codec::JsonArray servers;
  for (const net::NameServer& server : resolvers)
    servers.push_back(codec::to_string(codec::HostPort{server.address, server.port}));
  Json document = Json::object({{"folder", folder},
                                {"ca_path", ca_path},
                                {"ca_pem", ca_pem},
                                {"no_proxy", no_proxy},
                                {"resolvers", std::move(servers)}});
  if (proxy) document.as_object()->set("proxy", *proxy);
  return document;
}

Result<EgressSettings> EgressSettings::from_json(const Json& document) {
  const auto missing = [](const char* key) {
    return Error(ErrorKind::protocol, std::string("egress settings: ") + key);
  };
  EgressSettings settings;
  for (const auto& [key, value] :
       {std::pair{"folder", &settings.folder}, std::pair{"ca_path", &settings.ca_path},
        std::pair{"ca_pem", &settings.ca_pem}, std::pair{"no_proxy", &settings.no_proxy}}) {
    const std::string* text = document.get_string(key);
    if (text == nullptr) return missing(key);
    *value = *text;
  }
  const codec::JsonArray* servers = document.get_array("resolvers");
  if (servers == nullptr) return missing("resolvers");
  for (const Json& server : *servers) {
    const std::string* text = server.as_string();
    if (text == nullptr) return missing("resolvers");
    settings.resolvers.push_back(TRY(net::parse_name_server(*text)));
  }
  if (const std::string* proxy = document.get_string("proxy")) settings.proxy = *proxy;
  return settings;
}

}  // namespace glovebox::roles
