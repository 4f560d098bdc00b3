#include "os/mount.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <functional>
#include <string>

#include "os/file.h"
#include "os/identity.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

namespace {

// `work` as root of new user, mount and pid namespaces; -1 where there are none.
int in_namespaces(const std::function<int()>& work) {
  const Pipe go = make_pipe().value();
  auto child = fork_into(
      (Namespace::user | Namespace::mount) | static_cast<NamespaceFlags>(Namespace::pid), [&] {
        char byte = 0;
        (void)read_some(go.reader.get(), &byte, 1);
        return make_all_private() ? work() : 99;
      });
  if (!child) return -1;
  if (!map_ids(child->pid(), 0, ::geteuid(), ::getegid())) return -3;
  if (!write_all(go.writer.get(), "x")) return -4;
  const auto facts = child->reap(Process::Wait::yes);
  return facts && *facts && !(*facts)->signalled ? (*facts)->code : -2;
}

}  // namespace

TEST_CASE("a new root holds what was put there, with its flags, and nothing else") {
  const Folder folder;
  std::filesystem::create_directory(folder / "root");
  std::filesystem::create_directory(folder / "data");
  write(folder / "data/file", "x");
  std::filesystem::create_directory_symlink("data", folder / "link");
  const int code = in_namespaces([&] {
    const auto root = new_tmpfs(1 << 20, 64, 0755);
    const auto at = open_path(folder / "root", O_PATH | O_DIRECTORY);
    if (!root || !at) return 1;
    if (!make_folder(root->get(), "data", 0755) || !make_folder(root->get(), "proc", 0755))
      return 2;
    // A link is copied as itself, never followed: it cannot be taken for a folder.
    auto link = copy_tree(AT_FDCWD, folder / "link", Depth::all);
    if (link && facts_of(link->get())->type != FileType::symlink) return 3;
    const auto data = copy_tree(AT_FDCWD, folder / "data", Depth::all);
    if (!data) return 4;
    if (!set_mount_flags(data->get(), {.read_only = true, .no_exec = true}, Depth::all)) return 5;
    if (!attach(data->get(), root->get(), "data")) return 6;
    const auto proc = new_proc(ProcView::own_user);
    if (!proc || !attach(proc->get(), root->get(), "proc")) return 7;
    if (!attach(root->get(), at->get(), "")) return 8;
    if (!pivot_to(root->get())) return 9;
    if (read("/data/file") != "x") return 10;
    const auto written = open_path("/data/file", O_WRONLY);
    if (written || written.error().error_number() != EROFS) return 11;
    if (facts_of_path(folder.path())) return 12;
    if (read("/proc/self/status").empty() || facts_of_path("/proc/sys")) return 13;
    auto file = open_path("/full", O_WRONLY | O_CREAT, 0600);
    if (!file) return 14;
    const auto filled = write_all(file->get(), std::string(2 << 20, 'x'));
    return filled || filled.error().error_number() != ENOSPC ? 15 : 0;
  });
  if (code == -1) SKIP("no user namespaces here");
  CHECK(code == 0);
}

TEST_CASE("terminals of its own") {
  const int code = in_namespaces([] { return new_devpts() ? 0 : 1; });
  if (code == -1) SKIP("no user namespaces here");
  CHECK(code == 0);
}
