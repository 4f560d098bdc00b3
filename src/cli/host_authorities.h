// Whom the host believes, for origins that egress speaks to.
#pragma once

#include "roles/egress_settings.h"

namespace glovebox::cli {

// SSL_CERT_FILE, else the bundle of the distribution. Without one the settings say none, and
// whatever needs it is refused.
roles::EgressSettings host_authorities();

}  // namespace glovebox::cli
