#include "os/mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <format>
#include <optional>
#include <string_view>

#include "os/file.h"

// sys/mount.h of the C library defines the same names as linux/mount.h; these two are all it has
// that is needed here.
extern "C" int umount2(const char* target, int flags) noexcept;
extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*) noexcept;

namespace glovebox::os {

namespace {

constexpr int kDetach = 2;                                              // MNT_DETACH
constexpr std::uint64_t kMountRoot = 0x2000;                            // STATX_ATTR_MOUNT_ROOT
constexpr unsigned long kPrivateRecursive = (1UL << 18) | (1UL << 14);  // MS_PRIVATE | MS_REC

Error failed(std::string_view call) {
  return Error::from_errno(errno, call);
}

Result<void> configure(int fs, unsigned command, const char* key, const char* value) {
  if (::syscall(SYS_fsconfig, fs, command, key, value, 0) != 0)
    return failed(std::format("fsconfig {}", key == nullptr ? "create" : key));
  return {};
}

struct Option {
  const char* key;
  std::string value;
};

Result<UniqueFd> new_file_system(const char* type, const std::vector<Option>& options,
                                 unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV) {
  const UniqueFd fs(static_cast<int>(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)));
  if (!fs) return failed("fsopen");
  for (const Option& option : options)
    TRY(configure(fs.get(), FSCONFIG_SET_STRING, option.key, option.value.c_str()));
  TRY(configure(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr));
  UniqueFd tree(static_cast<int>(::syscall(SYS_fsmount, fs.get(), FSMOUNT_CLOEXEC, attributes)));
  if (!tree) return failed("fsmount");
  return tree;
}

}  // namespace

Result<UniqueFd> copy_tree(int folder, const std::string& path, Depth depth) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW |
                         (depth == Depth::all ? AT_RECURSIVE : 0) |
                         (path.empty() ? AT_EMPTY_PATH : 0);
  UniqueFd tree(static_cast<int>(::syscall(SYS_open_tree, folder, path.c_str(), flags)));
  if (!tree) return failed("open_tree");
  return tree;
}

Result<void> set_mount_flags(int tree, const MountFlags& flags, Depth depth) {
  mount_attr attributes{};
  attributes.attr_set =
      (flags.read_only ? MOUNT_ATTR_RDONLY : 0u) | (flags.no_exec ? MOUNT_ATTR_NOEXEC : 0u) |
      (flags.no_suid ? MOUNT_ATTR_NOSUID : 0u) | (flags.no_dev ? MOUNT_ATTR_NODEV : 0u);
  const unsigned at = AT_EMPTY_PATH | (depth == Depth::all ? AT_RECURSIVE : 0);
  if (::syscall(SYS_mount_setattr, tree, "", at, &attributes, sizeof attributes) != 0)
    return failed("mount_setattr");
  return {};
}

Result<void> allow_writes(int tree) {
  mount_attr attributes{};
  attributes.attr_clr = MOUNT_ATTR_RDONLY;
  if (::syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    return failed("mount_setattr");
  return {};
}

Result<void> attach(int tree, int folder, const std::string& path) {
  const unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (path.empty() ? MOVE_MOUNT_T_EMPTY_PATH : 0);
  if (::syscall(SYS_move_mount, tree, "", folder, path.c_str(), flags) != 0)
    return failed("move_mount");
  return {};
}

Result<bool> is_mount_root(int place) {
  struct statx found{};
  if (::statx(place, "", AT_EMPTY_PATH, 0, &found) != 0) return failed("statx");
  return (found.stx_attributes & kMountRoot) != 0;
}

Result<bool> is_read_only_mount(int place) {
  struct statvfs facts{};
  if (::fstatvfs(place, &facts) != 0) return failed("fstatvfs");
  return (facts.f_flag & ST_RDONLY) != 0;
}

Result<UniqueFd> new_tmpfs(std::uint64_t size, std::uint64_t inodes, std::uint32_t mode) {
  return new_file_system("tmpfs", {{"size", std::to_string(size)},
                                   {"nr_inodes", std::to_string(inodes)},
                                   {"mode", std::format("{:o}", mode)}});
}

Result<UniqueFd> new_proc(ProcView view) {
  return new_file_system("proc",
                         {{"subset", "pid"}, {"hidepid", view == ProcView::own_user ? "2" : "0"}});
}

Result<UniqueFd> new_devpts() {
  // Terminals are devices; nobody can make others here.
  return new_file_system("devpts", {{"ptmxmode", "0666"}, {"mode", "0600"}}, MOUNT_ATTR_NOSUID);
}

Result<void> make_all_private() {
  if (::mount(nullptr, "/", nullptr, kPrivateRecursive, nullptr) != 0) return failed("mount");
  return {};
}

Result<void> pivot_to(int folder) {
  TRY(change_folder(folder));
  // Old and new root at the same place: the old one lies on top and is taken away.
  if (::syscall(SYS_pivot_root, ".", ".") != 0) return failed("pivot_root");
  if (::umount2(".", kDetach) != 0) return failed("umount2");
  if (::chdir("/") != 0) return failed("chdir");
  return {};
}

}  // namespace glovebox::os
