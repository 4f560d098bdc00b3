#include "box/landlock_steps.h"

#include <fcntl.h>

#include <format>

#include "os/file.h"
#include "os/landlock.h"

namespace glovebox::box {

namespace {

namespace right = os::file_right;

constexpr std::uint64_t kRead = right::read_file | right::read_folder;
constexpr std::uint64_t kWrite = right::write_file | right::truncate | right::make_regular |
                                 right::make_folder | right::make_symlink | right::remove_file |
                                 right::remove_folder | right::refer;

}  // namespace

std::uint64_t rights_of(FileRights rights) {
  switch (rights) {
    case FileRights::list:
      return right::read_folder;
    case FileRights::read:
      return kRead;
    case FileRights::read_execute:
      return kRead | right::execute;
    case FileRights::read_write:
      return kRead | kWrite;
    case FileRights::read_write_execute:
      return kRead | kWrite | right::execute;
    case FileRights::scratch:
      return kRead | kWrite | right::make_socket | right::make_fifo;
    case FileRights::scratch_execute:
      return kRead | kWrite | right::execute | right::make_socket | right::make_fifo;
    case FileRights::device:
      return kRead | right::write_file | right::ioctl_device;
  }
  return 0;
}

Result<void> restrict_files(Site& site) {
  os::LandlockScope scope;
  // A file tool has no use for the network; a shell may talk to its own servers on loopback.
  scope.tcp = site.plan.command.kind == CommandKind::function;
  const auto ruleset = TRY(os::Landlock::make(site.plan.landlock_abi, scope));
  for (const LandlockRule& rule : site.plan.landlock) {
    // Never over a link: a guest may have put one where the policy has a mount point.
    auto place = os::open_at(AT_FDCWD, rule.path, O_PATH, os::Resolve::no_symlinks);
    if (!place) {
      if (place.error().kind() == ErrorKind::not_found) continue;
      site.step = std::format("landlock {}", rule.path);
      return std::move(place).error();
    }
    TRY(ruleset.allow(place->get(), rights_of(rule.rights)));
  }
  return ruleset.restrict_self();
}

}  // namespace glovebox::box
