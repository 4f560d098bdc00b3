// Doing something with files as the user that a session's box is outside.
//
// What a guest owns is touched with the guest's own rights, so that nothing it has prepared there
// can be used to reach what only glovebox may. Real and saved ids stay ours: nobody of the guest's
// can signal or trace the process meanwhile.
#pragma once

#include "base/result.h"
#include "box/plan.h"
#include "os/identity.h"
#include "os/process.h"

namespace glovebox::box {

// `work` returns a Result. An error of the way back is an error of the whole; the process then has
// fewer rights than before, never more. Not thread-safe.
template <class Work>
auto as_owner(const IdMap& ids, const Work& work) -> decltype(work()) {
  const std::uint32_t uid = os::effective_uid();
  const std::uint32_t gid = os::effective_gid();
  if (uid == ids.outside_uid) return work();
  TRY(os::act_as(ids.outside_uid, ids.outside_gid));
  auto done = work();
  TRY(os::act_as(uid, gid));
  // The kernel takes both back when ids change.
  TRY(os::set_not_dumpable());
  TRY(os::die_with_parent());
  return done;
}

}  // namespace glovebox::box
