#include "box/host_view.h"

#include <fcntl.h>

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

}  // namespace

std::optional<PathFacts> KernelHostView::look(const std::string& path) const {
  const auto facts = os::facts_of_path(path);
  if (!facts) return std::nullopt;
  PathFacts seen;
  seen.kind = kind_of(facts->type);
  seen.identity = {facts->device, facts->inode};
  if (seen.kind == PathFacts::Kind::symlink)
    seen.target = os::read_link_at(AT_FDCWD, path).value_or(std::string());
  return seen;
}

}  // namespace glovebox::box
