// Whether a box can be made now: a session of its own, one call that writes to its workspace, the
// end of the session. Recorded like any other, since nothing runs without a record.
#pragma once

#include <string>

#include "base/result.h"
#include "base/units.h"
#include "net/cancel.h"
#include "net/loop.h"
#include "net/task.h"
#include "worker/boxer_link.h"

namespace glovebox::worker {

struct BoxProbe {
  std::string session, call;  // ids; a call id runs at most once
  std::string environment, work;
  Duration teardown = seconds(5);  // what the end of the session may take
};
// Kinds: unsupported (no box, with the reason), denied (the policy allows no bash there), those of
// BoxerLink.
net::Task<Result<void>> probe_box(net::Loop& loop, BoxerLink& boxer, BoxProbe probe,
                                  net::Patience patience);

}  // namespace glovebox::worker
