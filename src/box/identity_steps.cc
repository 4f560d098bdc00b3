#include "box/identity_steps.h"

#include <fcntl.h>

#include "box/namespaces.h"
#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"

namespace glovebox::box {

Result<void> forbid_nesting(Site& site) {
  const UniqueFd file = TRY(os::open_at(site.host_proc, "sys/user/max_user_namespaces", O_WRONLY));
  return os::write_all(file.get(), "0");
}

Result<void> take_session_identity(Site& site) {
  if (!site.plan.layers.has(Layer::user_namespace)) return {};
  return os::become(kSessionRoot, kSessionRoot);
}

Result<void> enter_user_namespace(Site& site) {
  // Without an identity (only tests plan that) there is none that could be mapped.
  if (!site.plan.layers.has(Layer::identity)) return {};
  if (!site.plan.layers.has(Layer::user_namespace)) return {};
  TRY(os::unshare(static_cast<os::NamespaceFlags>(os::Namespace::user)));
  TRY(os::set_dumpable());  // or /proc/self belongs to somebody else
  const UniqueFd self = TRY(os::open_at(site.host_proc, "self", O_PATH | O_DIRECTORY));
  return os::map_ids_of(self.get(), site.plan.ids.inside, kSessionRoot, kSessionRoot);
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
