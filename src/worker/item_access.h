// What one work item's calls are made with: its own token and base URL, and the lease.
//
// Shared by the tasks of the item; lives as long as the last of them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/secret.h"
#include "net/cancel.h"
#include "worker/control_plane.h"
#include "worker/vitals.h"
#include "worker/work_item.h"
#include "worker/work_lease.h"

namespace glovebox::worker {

struct ItemAccess {
  WorkItem item;
  Secret token;                             // empty: the environment key serves
  const Secret* environment_key = nullptr;  // may be empty or absent
  std::unique_ptr<ControlPlane> own_plane;  // for an api_base_url of its own
  ControlPlane* plane = nullptr;
  Vitals* vitals = nullptr;  // where what happens is counted; may be absent

  WorkLease lease{Duration::zero()};
  LeaseVerdict verdict = LeaseVerdict::keep;
  net::CancelSource lease_over;  // cancelled when the verdict is no longer `keep`
  net::CancelSource stopping;    // by the lease, or by the worker's shutdown

  // The token first, the environment key when that is refused.
  Access access() const {
    const Secret* key = environment_key && !environment_key->empty() ? environment_key : nullptr;
    return token.empty() ? Access{key, nullptr} : Access{&token, key};
  }
};

}  // namespace glovebox::worker
