#include "box/identity_steps.h"

#include <fcntl.h>

#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"

namespace glovebox::box {

Result<void> forbid_nesting(Site&) {
  const UniqueFd file = TRY(os::open_path("/proc/sys/user/max_user_namespaces", O_WRONLY));
  return os::write_all(file.get(), "0");
}

Result<void> take_mapped_identity(Site& site) {
  if (!site.plan.layers.has(Layer::user_namespace)) return {};
  return os::become(site.plan.ids.inside, site.plan.ids.inside);
}

Result<void> take_plain_identity(Site& site) {
  if (site.plan.layers.has(Layer::user_namespace)) return {};
  TRY(os::empty_bounding_set());  // root loses the right to with its id
  TRY(os::drop_groups());
  return os::become(site.plan.ids.outside_uid, site.plan.ids.outside_gid);
}

Result<void> drop_capabilities(Site&) {
  return os::keep_only({});
}

Result<void> set_no_new_privileges(Site&) {
  return os::set_no_new_privileges();
}

}  // namespace glovebox::box
