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

Result<void> restrict_scopes(Site& site) {
  if (site.plan.landlock_abi < os::kLandlockScopes) return {};
  // File rules would forbid the calls their mounts.
  return TRY(os::Landlock::make(site.plan.landlock_abi, {.files = false, .tcp = false}))
      .restrict_self();
}

Result<void> restrict_files(Site& site) {
  os::LandlockScope scope;
  // A file tool has no use for the network; a shell may talk to its own servers on loopback.
  scope.tcp = site.plan.command.kind == CommandKind::function;
  // In keep mode these are the session's: a call may stop the server of an earlier one.
  scope.signals = scope.abstract_sockets = site.plan.background == Background::kill;
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
