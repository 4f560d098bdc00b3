// What doctor looks at beside the host itself: the configuration's folders and the way to the
// control plane. Each check says what is wrong and how it is put right.
#pragma once

#include <string>
#include <vector>

#include "box/host.h"
#include "cli/configuration.h"
#include "cli/options.h"
#include "roles/confinement.h"
#include "roles/outcome.h"

namespace glovebox::cli {

// The state folder with its parts, the folder of the log and the one of workspaces: that they are
// there, whose they are, that others cannot look into them.
std::vector<box::HostCheck> check_folders(const DoctorOptions& options,
                                          const Configuration& configuration,
                                          roles::StartedAs started);

// One request without a credential, through the proxy and with the authorities that the worker
// would use: any answer will do. Nothing when neither the configuration nor the environment says
// anything about a control plane.
std::vector<box::HostCheck> check_control_plane(const Configuration& configuration,
                                                roles::StartedAs started);

}  // namespace glovebox::cli
