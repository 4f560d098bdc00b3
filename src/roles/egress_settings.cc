#include "roles/egress_settings.h"

namespace glovebox::roles {

codec::Json EgressSettings::to_json() const {
  return codec::Json::object({{"folder", folder}, {"ca_path", ca_path}, {"ca_pem", ca_pem}});
}

Result<EgressSettings> EgressSettings::from_json(const codec::Json& document) {
  EgressSettings settings;
  for (const auto& [key, value] :
       {std::pair{"folder", &settings.folder}, std::pair{"ca_path", &settings.ca_path},
        std::pair{"ca_pem", &settings.ca_pem}}) {
    const std::string* text = document.get_string(key);
    if (text == nullptr) return Error(ErrorKind::protocol, std::string("egress settings: ") + key);
    *value = *text;
  }
  return settings;
}

}  // namespace glovebox::roles
