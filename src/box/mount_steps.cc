#include "box/mount_steps.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "box/known_plan.h"
#include "box/pins.h"
#include "os/file.h"
#include "os/mount.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

constexpr std::uint32_t kRootMode = 0755;
constexpr unsigned kFolderMode = 0755;
constexpr os::MountFlags kRootFlags{.read_only = true, .no_exec = true};

// What a call does not share with the session's other calls, or what can only be known when it
// starts.
bool is_fresh(const BoxPlan& plan, MountKind kind) {
  if (plan.background == Background::keep) return kind == MountKind::mask;
  return kind == MountKind::tmpfs || kind == MountKind::proc || kind == MountKind::devpts ||
         kind == MountKind::inner_bind || kind == MountKind::mask;
}

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

// Makes the entries of a plan below the new root, in their order.
class MountMaker {
 public:
  static Result<MountMaker> begin(Site& site) {
    return MountMaker(site, TRY(os::facts_of(site.root.get())).device);
  }

  Result<void> make(const MountEntry& entry, const SourceTree& source) {
    switch (entry.kind) {
      case MountKind::bind:
      case MountKind::device:
      case MountKind::workspace:
        if (!source.tree) return {};  // optional and absent
        return mount(entry, source.tree, source.type, os::Depth::all);
      case MountKind::inner_bind: {
        const UniqueFd tree = TRY(
            os::copy_tree(site_.root.get(), std::string(relative(entry.source)), os::Depth::one));
        TRY(find(entry.at));
        return attach(tree, os::FileType::folder);
      }
      case MountKind::tmpfs:
        return mount(entry, TRY(os::new_tmpfs(entry.size, entry.inodes, entry.mode)),
                     os::FileType::folder, os::Depth::one);
      case MountKind::proc:
        return mount(entry, TRY(process_tree()), os::FileType::folder, os::Depth::all);
      case MountKind::devpts:
        return mount(entry, TRY(os::new_devpts()), os::FileType::folder, os::Depth::one);
      case MountKind::directory:
        TRY(find(entry.at));
        return make_folder(entry.mode);
      case MountKind::symlink:
        TRY(find(entry.at));
        return os::link_at(folder_.get(), entry.source, name_);
      case MountKind::file:
        TRY(find(entry.at));
        return make_file(entry.source, entry.mode);
      case MountKind::mask:
        return hide(entry);
    }
    return Error(ErrorKind::internal, "unknown kind of mount");
  }

  // When nothing more is hidden.
  Result<void> take_out_empty_file() {
    const std::string name = std::exchange(empty_file_, {});
    if (name.empty()) return {};
    return write_to_root([&] { return os::remove_file(site_.root.get(), name); });
  }

  // That what the session mounted is still at its place, reached over no link.
  Result<void> check_in_place(const MountEntry& entry) {
    TRY(find(entry.at));
    const os::FileFacts facts = TRY(os::facts_of(TRY(open_point()).get()));
    if (FileIdentity{facts.device, facts.inode} == *entry.identity) return {};
    return Error(ErrorKind::conflict, "was moved away by an earlier call");
  }

 private:
  MountMaker(Site& site, std::uint64_t device) : site_(site), root_device_(device) {}

  // Walks to the parent of `at` below the root, without a symbolic link. Folders that are missing
  // are made as long as the way is in the root itself, never in a mount.
  Result<void> find(std::string_view at) {
    const std::size_t last = at.rfind('/');
    name_ = at.substr(last + 1);
    const std::string_view parent = at.substr(0, last);
    if (folder_ && parent == parent_) return {};
    folder_ = TRY(os::duplicate(site_.root.get()));
    in_root_ = true;
    for (std::string_view rest = relative(parent); !rest.empty();) {
      const std::string name(rest.substr(0, rest.find('/')));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      TRY(step_into(name));
    }
    parent_ = parent;
    return {};
  }

  Result<void> step_into(const std::string& name) {
    constexpr int kHow = O_PATH | O_DIRECTORY | O_NOFOLLOW;
    auto next = os::open_at(folder_.get(), name, kHow);
    if (!next && next.error().kind() == ErrorKind::not_found && in_root_) {
      TRY(os::make_folder(folder_.get(), name, kFolderMode));
      next = os::open_at(folder_.get(), name, kHow);
    }
    if (!next) return std::move(next).error();
    folder_ = std::move(*next);
    in_root_ = TRY(os::facts_of(folder_.get())).device == root_device_;
    return {};
  }

  Result<void> make_folder(unsigned mode) {
    auto made = os::make_folder(folder_.get(), name_, mode);
    if (!made && made.error().kind() == ErrorKind::exists) return {};
    return made;
  }

  Result<void> make_file(std::string_view text, unsigned mode) {
    const UniqueFd file =
        TRY(os::open_at(folder_.get(), name_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                        os::Resolve::anywhere, mode));
    if (text.empty()) return {};
    return os::write_all(file.get(), text);
  }

  // At the place that was found. Where it is missing in the root, it is made, of the tree's type;
  // in a mount it must be there, and must not be a symbolic link.
  Result<void> attach(const UniqueFd& tree, os::FileType type) {
    if (in_root_) {
      auto made = type == os::FileType::folder ? make_folder(kFolderMode) : make_file("", 0444);
      if (!made && made.error().kind() != ErrorKind::exists) return made;
      return os::attach(tree.get(), folder_.get(), name_);
    }
    const UniqueFd point = TRY(open_point());
    return os::attach(tree.get(), point.get(), "");
  }

  Result<UniqueFd> open_point() const {
    return os::open_at(folder_.get(), name_, O_PATH | O_NOFOLLOW);
  }

  Result<void> mount(const MountEntry& entry, const UniqueFd& tree, os::FileType type,
                     os::Depth depth) {
    TRY(os::set_mount_flags(tree.get(), flags_of(entry), depth));
    TRY(find(entry.at));
    return attach(tree, type);
  }

  Result<UniqueFd> process_tree() const {
    // Without a pid namespace of its own (only tests plan that) a box may not mount /proc anew.
    if (!site_.plan.layers.has(Layer::pid_namespace))
      return os::copy_tree(AT_FDCWD, "/proc", os::Depth::all);
    // In keep mode a later call sees what an earlier one started.
    return os::new_proc(site_.plan.background == Background::keep ? os::ProcView::session
                                                                  : os::ProcView::own_user);
  }

  // An empty thing that nobody may open lies over what is hidden: over that to which the path leads
  // when a guest follows it. The way there is held fast, for the calls that come after this one.
  Result<void> hide(const MountEntry& entry) {
    const UniqueFd point = TRY(pin_way(site_, site_.root.get(), std::string(relative(entry.at))));
    if (!point && entry.presence == Presence::if_present) return {};
    if (!point) return Error(ErrorKind::not_found, "is not there");
    const os::FileFacts facts = TRY(os::facts_of(point.get()));
    // Another name of the same has led here.
    if (masks_.contains({facts.device, facts.inode})) return {};
    if (facts.type != os::FileType::folder) return hide_file(point.get());
    const UniqueFd empty = TRY(os::new_tmpfs(4096, 2, 0));
    TRY(os::set_mount_flags(empty.get(), kRootFlags, os::Depth::one));
    return lay_over(empty, point.get());
  }

  Result<void> lay_over(const UniqueFd& empty, int point) {
    const os::FileFacts facts = TRY(os::facts_of(empty.get()));
    TRY(os::attach(empty.get(), point, ""));
    masks_.insert({facts.device, facts.inode});
    return {};
  }

  // Over every file the same empty one: what ended boxes had is given back some time after their
  // end, and the root has few inodes.
  Result<void> hide_file(int point) {
    if (empty_file_.empty()) TRY(make_empty_file());
    const UniqueFd empty = TRY(os::copy_tree(site_.root.get(), empty_file_, os::Depth::one));
    TRY(os::set_mount_flags(empty.get(), kRootFlags, os::Depth::one));
    return lay_over(empty, point);
  }

  // It is made in the root, which this call's copy of its mount may write to for as long as that
  // takes (no guest runs yet), and taken out again when all is hidden; its mounts keep it. Calls
  // side by side do so under different names.
  Result<void> make_empty_file() {
    SystemRandom random;
    empty_file_ = ".hidden-" + random.hex(8);
    return write_to_root([&]() -> Result<void> {
      TRY(os::open_at(site_.root.get(), empty_file_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
                      os::Resolve::anywhere, 0));
      return {};
    });
  }
  template <class Write>
  Result<void> write_to_root(const Write& write) const {
    TRY(os::allow_writes(site_.root.get()));
    const Result<void> written = write();
    TRY(os::set_mount_flags(site_.root.get(), kRootFlags, os::Depth::one));
    return written;
  }

  Site& site_;
  std::uint64_t root_device_;
  // The place that was found last. Neighbours in a plan mostly share their folder.
  std::string parent_;
  UniqueFd folder_;
  std::string name_;
  bool in_root_ = false;
  std::set<FileIdentity> masks_;  // that lie over something
  std::string empty_file_;        // its name in the root, while there is one
};

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
    const os::FileFacts facts = TRY(os::facts_of(tree->get()));
    if (entry.identity && FileIdentity{facts.device, facts.inode} != *entry.identity)
      return Error(ErrorKind::conflict, "is not what it was when the call was allowed");
    site.trees[i] = {std::move(*tree), facts.type};
  }
  return {};
}

Result<void> make_root(Site& site) {
  site.root = TRY(os::new_tmpfs(kRootSize, kRootInodes, kRootMode));
  // On top of the old root: nothing of the host has to be there to hold it.
  return os::attach(site.root.get(), AT_FDCWD, "/");
}

Result<void> make_mounts(Site& site) {
  os::set_file_mask(0);  // modes are the plan's; start_session() sets the box's own mask
  MountMaker maker = TRY(MountMaker::begin(site));
  for (std::size_t i = 0; i < site.plan.mounts.size(); ++i) {
    const MountEntry& entry = site.plan.mounts[i];
    site.step = std::format("mount {}", entry.at);
    if (entry.kind != MountKind::mask) TRY(maker.make(entry, site.trees[i]));
  }
  site.trees.clear();
  return {};
}

Result<void> enter_root(Site& site) {
  TRY(os::pivot_to(site.root.get()));
  TRY(os::set_mount_flags(site.root.get(), kRootFlags, os::Depth::one));
  site.root.reset();
  return {};
}

namespace {

Result<void> make_fresh(Site& site, MountMaker& maker) {
  for (const MountEntry& entry : site.plan.mounts) {
    if (can_be_moved(site.plan, entry)) {
      site.step = std::format("mount {}", entry.at);
      TRY(maker.check_in_place(entry));
    }
    if (!is_fresh(site.plan, entry.kind)) continue;
    site.step = std::format("mount {}", entry.at);
    TRY(maker.make(entry, {}));
  }
  for (const GuardedName& name : site.guarded) {
    if (name.protection != Protection::hidden) continue;
    MountEntry mask;
    mask.kind = MountKind::mask;
    mask.at = std::format("{}/{}", kWorkspace, name.path);
    mask.presence = Presence::if_present;
    site.step = std::format("mount {}", mask.at);
    TRY(maker.make(mask, {}));
  }
  return {};
}

}  // namespace

Result<void> make_fresh_mounts(Site& site) {
  site.root = TRY(os::open_path("/", O_PATH | O_DIRECTORY));
  MountMaker maker = TRY(MountMaker::begin(site));
  const auto made = make_fresh(site, maker);
  const auto tidied = maker.take_out_empty_file();
  TRY(made);
  TRY(tidied);
  site.root.reset();
  return {};
}

}  // namespace glovebox::box
