#include "cli/host_authorities.h"

#include <utility>

#include "cli/process_secrets.h"
#include "net/tls.h"

namespace glovebox::cli {

roles::EgressSettings host_authorities() {
  roles::EgressSettings settings;
  net::CaChoice choice;
  if (std::string named = variable("SSL_CERT_FILE"); !named.empty())
    choice.environment = std::move(named);
  if (auto bundle = net::load_ca_bundle(choice)) {
    settings.ca_path = std::move(bundle->path);
    settings.ca_pem = std::move(bundle->pem);
  }
  return settings;
}

}  // namespace glovebox::cli
