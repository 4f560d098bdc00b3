#include "box/guard_steps.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <set>
#include <string>

#include "box/pins.h"
#include "codec/utf8.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

bool is_gone(const Error& error) {
  const std::string name = errno_name(error.error_number());
  return error.kind() == ErrorKind::not_found || name == "ENOTDIR" || name == "ELOOP";
}

class Protector {
 public:
  Protector(const Site& site, int workspace) : site_(site), workspace_(workspace) {}

  Result<void> protect(const GuardedName& name) {
    TRY(pin_to(name.marker, Last::pinned));
    if (name.protection != Protection::read_only) return {};  // a mask pins the way that it covers
    TRY(pin_to(name.path, Last::free));
    const UniqueFd place = TRY(open(name.path));
    const os::FileFacts facts = TRY(os::facts_of(place.get()));
    if (FileIdentity{facts.device, facts.inode} != name.identity ||
        facts.type == os::FileType::symlink)
      return Error(ErrorKind::conflict, "is not what it was when the call began");
    TRY(mount_on_itself(place, Access::read_only));
    pinned_.insert(name.path);
    return {};
  }

 private:
  enum class Last : std::uint8_t { free, pinned };

  // Crosses the mounts that were made for names before.
  Result<UniqueFd> open(const std::string& path) const {
    return open_place(site_, workspace_, path, os::Resolve::beneath_no_symlinks);
  }

  Result<void> pin_to(const std::string& path, Last last) {
    for (std::size_t slash = 0; slash < path.size(); ++slash) {
      slash = std::min(path.find('/', slash), path.size());
      if (slash == path.size() && last == Last::free) return {};
      if (auto [at, is_new] = pinned_.insert(path.substr(0, slash)); is_new)
        TRY(pin(TRY(open(*at))));
    }
    return {};
  }

  const Site& site_;
  int workspace_;
  std::set<std::string> pinned_;
};

}  // namespace

Result<void> protect_guarded(Site& site) {
  if (site.guarded.empty()) return {};
  const UniqueFd workspace =
      TRY(os::open_path(std::string(kWorkspace), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  Protector protector(site, workspace.get());
  for (const GuardedName& name : site.guarded) {
    site.step = std::format("guard {}", codec::visible_text(name.path));
    const auto done = protector.protect(name);
    // What is hidden may be gone meanwhile, with its repository: then there is nothing to hide.
    if (!done && name.protection == Protection::hidden && is_gone(done.error())) continue;
    TRY(done);
  }
  return {};
}

}  // namespace glovebox::box
