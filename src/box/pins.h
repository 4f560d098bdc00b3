// Making the way to something immovable.
//
// What a plan protects it finds by path. A guest that could move a folder of that path, or turn a
// link on it elsewhere, would be rid of the protection with the next call. A mount point can be
// neither moved nor removed nor replaced by anybody for whom it is mounted: so each folder and each
// link on the way becomes, in the box, a mount of itself. Links can be such mounts too.
//
// Nothing is pinned where no guest of the box could move it: where a mount begins, and in a mount
// that is read-only. Between a pinned folder and what is beside it no hard link can be made, and a
// rename is a copy.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "box/guard_rules.h"
#include "box/setup.h"

namespace glovebox::box {

// As many as the kernel follows in one path, path_resolution(7).
inline constexpr int kMaxLinksOnTheWay = 40;

// A place of the box below `folder`, O_PATH; the path's last name is not followed. On the third
// rung as the guests' own user where the session's may not walk.
Result<UniqueFd> open_place(const Site& site, int folder, const std::string& path,
                            os::Resolve resolve);
// `place` stands for what is below the new mount from then on: open it again.
Result<void> pin(const UniqueFd& place);
// Mounts it on itself in any case.
Result<void> mount_on_itself(const UniqueFd& place, Access access);

// Pins the way from `root` to what `path` leads to, links included, but not its end. Gives that
// end; not valid: it leads nowhere. Errors: of the kernel; conflict when the kernel is led
// elsewhere.
Result<UniqueFd> pin_way(const Site& site, int root, const std::string& path);

}  // namespace glovebox::box
