#include "box/guard_steps.h"

#include <fcntl.h>

#include <format>
#include <set>
#include <string>

#include "box/as_owner.h"
#include "codec/utf8.h"
#include "os/file.h"
#include "os/mount.h"

namespace glovebox::box {

namespace {

// Crosses the mounts that were made for names before.
Result<UniqueFd> open_place(Site& site, int workspace, const std::string& path) {
  const auto open = [&] {
    return os::open_at(workspace, path, O_PATH | O_NOFOLLOW, os::Resolve::beneath_no_symlinks);
  };
  // Elsewhere the session's root may walk wherever its guests may.
  if (site.plan.layers.has(Layer::user_namespace)) return open();
  return as_owner(site.plan.ids, open);
}

Result<void> mount_on_itself(const UniqueFd& place, Access access) {
  const UniqueFd tree = TRY(os::copy_tree(place.get(), "", os::Depth::all));
  if (access == Access::read_only)
    TRY(os::set_mount_flags(tree.get(), {.read_only = true}, os::Depth::one));
  return os::attach(tree.get(), place.get(), "");
}

Result<void> protect(Site& site, int workspace, const GuardedName& name,
                     std::set<std::string>& pinned) {
  const std::vector<std::string_view> parts = parts_of(name.path);
  std::string path;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) path += '/';
    path += parts[i];
    const bool is_last = i + 1 == parts.size();
    if (i < name.depth || (!is_last && pinned.contains(path))) continue;
    const UniqueFd place = TRY(open_place(site, workspace, path));
    const os::FileFacts facts = TRY(os::facts_of(place.get()));
    if (is_last && (FileIdentity{facts.device, facts.inode} != name.identity ||
                    facts.type == os::FileType::symlink))
      return Error(ErrorKind::conflict, "is not what it was when the call began");
    TRY(mount_on_itself(place, is_last ? Access::read_only : Access::read_write));
    pinned.insert(path);
  }
  return {};
}

}  // namespace

Result<void> protect_guarded(Site& site) {
  if (site.guarded.empty()) return {};
  const UniqueFd workspace =
      TRY(os::open_path(std::string(kWorkspace), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  std::set<std::string> pinned;
  for (const GuardedName& name : site.guarded) {
    if (name.protection != Protection::read_only) continue;
    site.step = std::format("guard {}", codec::visible_text(name.path));
    TRY(protect(site, workspace.get(), name, pinned));
  }
  return {};
}

}  // namespace glovebox::box
