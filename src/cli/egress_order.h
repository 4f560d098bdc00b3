// How the egress role reaches the world: name servers, the corporate proxy and whom it believes, as
// [egress] says, and as for the control plane where that is silent.
#pragma once

#include "cli/configuration.h"
#include "cli/worker_order.h"
#include "roles/egress_settings.h"
#include "roles/outcome.h"
#include "roles/supervisor.h"

namespace glovebox::cli {

struct EgressOrder {
  roles::EgressSettings settings;  // without the folder
  roles::RoleSecrets secrets;
};

// `around`: of the control plane, or of the environment alone. Credentials go with the proxy that
// they were given for: a proxy that [egress] names gets none of the control plane's.
// Exit code: unconfigured.
roles::Outcome<EgressOrder> egress_order(const Configuration& configuration,
                                         const WorkerOrder& around);

}  // namespace glovebox::cli
