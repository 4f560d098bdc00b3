#include "box/host_view.h"

#include <fcntl.h>

#include <cstddef>
#include <format>
#include <string>

#include "os/file.h"

namespace glovebox::box {

namespace {

PathFacts::Kind kind_of(os::FileType type) {
  switch (type) {
    case os::FileType::regular:
      return PathFacts::Kind::file;
    case os::FileType::folder:
      return PathFacts::Kind::directory;
    case os::FileType::symlink:
      return PathFacts::Kind::symlink;
    case os::FileType::device:
      return PathFacts::Kind::device;
    default:
      return PathFacts::Kind::other;
  }
}

// Where a path leads whose folders are not all plain ones; nullopt: they are. The last name may be
// a link.
std::optional<std::string> path_behind_links(const std::string& path) {
  const std::size_t last = path.rfind('/');
  if (last == 0 || last == std::string::npos) return std::nullopt;
  const std::string parent = path.substr(0, last);
  constexpr int kHow = O_PATH | O_DIRECTORY;
  const auto plain = os::open_at(AT_FDCWD, parent, kHow, os::Resolve::no_symlinks);
  if (plain) return std::nullopt;
  const auto followed = os::open_path(parent, kHow);
  if (!followed) return std::nullopt;
  const auto real = os::read_link_at(AT_FDCWD, std::format("/proc/self/fd/{}", followed->get()));
  return real.value_or(parent) + path.substr(last);
}

}  // namespace

std::optional<PathFacts> KernelHostView::look(const std::string& path) const {
  const auto facts = os::facts_of_path(path);
  if (!facts) return std::nullopt;
  PathFacts seen;
  if (const auto real = path_behind_links(path)) {
    seen.kind = PathFacts::Kind::symlink;
    seen.target = *real;
    return seen;
  }
  seen.kind = kind_of(facts->type);
  seen.identity = {facts->device, facts->inode};
  if (seen.kind == PathFacts::Kind::symlink)
    seen.target = os::read_link_at(AT_FDCWD, path).value_or(std::string());
  return seen;
}

}  // namespace glovebox::box
