#include "box/mount_steps.h"

#include <fcntl.h>

#include <format>
#include <string>
#include <string_view>
#include <utility>

#include "os/file.h"
#include "os/mount.h"

namespace glovebox::box {

namespace {

constexpr std::uint32_t kRootMode = 0755;
constexpr unsigned kFolderMode = 0755;
constexpr const char* kHiddenFile = ".hidden";

bool is_from_host(MountKind kind) {
  return kind == MountKind::bind || kind == MountKind::device || kind == MountKind::workspace;
}

os::MountFlags flags_of(const MountEntry& entry) {
  os::MountFlags flags;
  flags.read_only = entry.access == Access::read_only;
  flags.no_exec = entry.execution == Execution::forbidden;
  flags.no_dev = entry.kind != MountKind::device && entry.kind != MountKind::devpts;
  return flags;
}

std::string_view relative(std::string_view path) {
  path.remove_prefix(path.find_first_not_of('/') == std::string_view::npos
                         ? path.size()
                         : path.find_first_not_of('/'));
  return path;
}

// The folder that holds `at`, and its last name.
struct Spot {
  UniqueFd folder;
  std::string name;
  bool in_root = false;  // the folder is part of the box's own root, not of a mount
};

// Walks to the parent of `at` below the root, without a symbolic link. Folders that are missing
// are made as long as the way is in the root itself.
Result<Spot> spot_of(const Site& site, std::string_view at) {
  const std::uint64_t root_device = TRY(os::facts_of(site.root.get())).device;
  Spot spot{TRY(os::duplicate(site.root.get())), {}, true};
  std::string_view rest = relative(at);
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    if (slash == std::string_view::npos) {
      spot.name = name;
      return spot;
    }
    rest.remove_prefix(slash + 1);
    constexpr int kHow = O_PATH | O_DIRECTORY | O_NOFOLLOW;
    auto next = os::open_at(spot.folder.get(), name, kHow);
    if (!next && next.error().kind() == ErrorKind::not_found && spot.in_root) {
      TRY(os::make_folder(spot.folder.get(), name, kFolderMode));
      next = os::open_at(spot.folder.get(), name, kHow);
    }
    if (!next) return std::move(next).error();
    spot.folder = std::move(*next);
    spot.in_root = TRY(os::facts_of(spot.folder.get())).device == root_device;
  }
}

Result<UniqueFd> open_spot(const Spot& spot) {
  return os::open_at(spot.folder.get(), spot.name, O_PATH | O_NOFOLLOW);
}

Result<void> make_file(const Spot& spot, std::string_view text, unsigned mode) {
  const UniqueFd file =
      TRY(os::open_at(spot.folder.get(), spot.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                      os::Resolve::anywhere, 0600));
  TRY(os::write_all(file.get(), text));
  return os::change_mode(file.get(), mode);
}

// The mount point for a tree; made, of the tree's own type, when it is in the box's root.
Result<UniqueFd> mount_point(const Spot& spot, os::FileType type) {
  auto there = open_spot(spot);
  if (there || there.error().kind() != ErrorKind::not_found || !spot.in_root) return there;
  if (type == os::FileType::folder) {
    TRY(os::make_folder(spot.folder.get(), spot.name, kFolderMode));
  } else {
    TRY(make_file(spot, "", 0444));
  }
  return open_spot(spot);
}

Result<void> mount_tree(const Site& site, const MountEntry& entry, const UniqueFd& tree,
                        os::Depth depth) {
  TRY(os::set_mount_flags(tree.get(), flags_of(entry), depth));
  const Spot spot = TRY(spot_of(site, entry.at));
  const UniqueFd point = TRY(mount_point(spot, TRY(os::facts_of(tree.get())).type));
  return os::attach(tree.get(), point.get(), "");
}

Result<UniqueFd> process_tree(const Site& site) {
  // Without a pid namespace of its own (only tests plan that) a box may not mount /proc anew.
  if (!site.plan.layers.has(Layer::pid_namespace))
    return os::copy_tree(AT_FDCWD, "/proc", os::Depth::all);
  return os::new_proc(os::ProcView::own_user);
}

// An empty thing that nobody may open lies over what is hidden. The file is taken out of the root
// again at once; its mount keeps it.
Result<void> hide(const Site& site, const MountEntry& entry) {
  const Spot spot = TRY(spot_of(site, entry.at));
  const UniqueFd point = TRY(open_spot(spot));
  const os::MountFlags flags{.read_only = true, .no_exec = true};
  if (TRY(os::facts_of(point.get())).type == os::FileType::folder) {
    const UniqueFd empty = TRY(os::new_tmpfs(4096, 2, 0));
    TRY(os::set_mount_flags(empty.get(), flags, os::Depth::one));
    return os::attach(empty.get(), point.get(), "");
  }
  const Spot hidden{TRY(os::duplicate(site.root.get())), kHiddenFile, true};
  TRY(make_file(hidden, "", 0));
  const UniqueFd empty = TRY(os::copy_tree(site.root.get(), kHiddenFile, os::Depth::one));
  TRY(os::remove_file(site.root.get(), kHiddenFile));
  TRY(os::set_mount_flags(empty.get(), flags, os::Depth::one));
  return os::attach(empty.get(), point.get(), "");
}

Result<void> make_entry(Site& site, const MountEntry& entry, const UniqueFd& source) {
  switch (entry.kind) {
    case MountKind::bind:
    case MountKind::device:
    case MountKind::workspace:
      if (!source) return {};  // optional and absent
      return mount_tree(site, entry, source, os::Depth::all);
    case MountKind::inner_bind: {
      const UniqueFd tree = TRY(os::copy_tree(
          site.root.get(), std::string(relative(entry.source)), os::Depth::one));
      const Spot spot = TRY(spot_of(site, entry.at));
      const UniqueFd point = TRY(mount_point(spot, os::FileType::folder));
      return os::attach(tree.get(), point.get(), "");
    }
    case MountKind::tmpfs:
      return mount_tree(site, entry, TRY(os::new_tmpfs(entry.size, entry.inodes, entry.mode)),
                        os::Depth::one);
    case MountKind::proc:
      return mount_tree(site, entry, TRY(process_tree(site)), os::Depth::all);
    case MountKind::devpts:
      return mount_tree(site, entry, TRY(os::new_devpts()), os::Depth::one);
    case MountKind::directory: {
      const Spot spot = TRY(spot_of(site, entry.at));
      if (open_spot(spot)) return {};
      return os::make_folder(spot.folder.get(), spot.name, entry.mode);
    }
    case MountKind::symlink: {
      const Spot spot = TRY(spot_of(site, entry.at));
      return os::link_at(spot.folder.get(), entry.source, spot.name);
    }
    case MountKind::file:
      return make_file(TRY(spot_of(site, entry.at)), entry.source, entry.mode);
    case MountKind::mask: {
      auto hidden = hide(site, entry);
      if (!hidden && hidden.error().kind() == ErrorKind::not_found &&
          entry.presence == Presence::if_present)
        return {};
      return hidden;
    }
  }
  return Error(ErrorKind::internal, "unknown kind of mount");
}

}  // namespace

Result<void> make_mounts_private(Site&) {
  return os::make_all_private();
}

Result<void> open_sources(Site& site) {
  site.trees.resize(site.plan.mounts.size());
  for (std::size_t i = 0; i < site.plan.mounts.size(); ++i) {
    const MountEntry& entry = site.plan.mounts[i];
    if (!is_from_host(entry.kind)) continue;
    const std::string& path =
        entry.kind == MountKind::workspace ? site.places.workspace : entry.source;
    site.step = std::format("open {} for {}", path, entry.at);
    auto tree = os::copy_tree(AT_FDCWD, path, os::Depth::all);
    if (!tree) {
      if (entry.presence == Presence::if_present && tree.error().kind() == ErrorKind::not_found)
        continue;
      return std::move(tree).error();
    }
    if (entry.identity) {
      const os::FileFacts facts = TRY(os::facts_of(tree->get()));
      if (FileIdentity{facts.device, facts.inode} != *entry.identity)
        return Error(ErrorKind::conflict, "is not what it was when the call was allowed");
    }
    site.trees[i] = std::move(*tree);
  }
  return {};
}

Result<void> make_root(Site& site) {
  site.root = TRY(os::new_tmpfs(kRootSize, kRootInodes, kRootMode));
  // On top of the old root: nothing of the host has to be there to hold it.
  return os::attach(site.root.get(), AT_FDCWD, "/");
}

Result<void> make_mounts(Site& site) {
  for (std::size_t i = 0; i < site.plan.mounts.size(); ++i) {
    const MountEntry& entry = site.plan.mounts[i];
    site.step = std::format("mount {}", entry.at);
    TRY(make_entry(site, entry, site.trees[i]));
  }
  site.trees.clear();
  return {};
}

Result<void> enter_root(Site& site) {
  TRY(os::pivot_to(site.root.get()));
  TRY(os::set_mount_flags(site.root.get(), {.read_only = true, .no_exec = true}, os::Depth::one));
  site.root.reset();
  return {};
}

}  // namespace glovebox::box
