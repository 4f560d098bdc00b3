#include "tools/roots.h"

#include <algorithm>
#include <utility>

namespace glovebox::tools {
namespace {

// Absolute, no empty, `.` or `..` component, no trailing slash, no NUL.
bool is_folded(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) {
    return false;
  }
  for (std::size_t start = 1; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == "." || part == "..") return false;
    start = end + 1;
  }
  return true;
}

}  // namespace

bool is_within(std::string_view root, std::string_view path) {
  return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

std::string_view below(std::string_view root, std::string_view path) {
  return path.size() == root.size() ? std::string_view() : path.substr(root.size() + 1);
}

Result<Roots> Roots::make(Root workspace, std::vector<Root> extra, std::string host_workdir) {
  std::vector<Root> roots;
  roots.push_back(std::move(workspace));
  for (Root& root : extra) roots.push_back(std::move(root));
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (!roots[i].dir.valid()) return Error(ErrorKind::invalid, "a root without an open directory");
    if (!is_folded(roots[i].path)) {
      return Error(ErrorKind::invalid, "a root's path must be absolute and folded");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (roots[i].path == roots[j].path) {
        return Error(ErrorKind::invalid, "two roots with one path: " + roots[i].path);
      }
    }
  }
  if (!host_workdir.empty() && !is_folded(host_workdir)) {
    return Error(ErrorKind::invalid, "the host's working directory must be absolute and folded");
  }
  return Roots(std::move(roots), std::move(host_workdir));
}

bool Roots::has_announced_extra() const {
  return std::any_of(roots_.begin() + 1, roots_.end(),
                     [](const Root& root) { return root.naming == RootNaming::announced; });
}

const Root* Roots::holding(std::string_view path) const {
  const Root* deepest = nullptr;
  for (const Root& root : roots_) {
    if (is_within(root.path, path) &&
        (deepest == nullptr || root.path.size() > deepest->path.size())) {
      deepest = &root;
    }
  }
  return deepest;
}

const Root* Roots::at(std::string_view path) const {
  for (const Root& root : roots_) {
    if (root.path == path) return &root;
  }
  return nullptr;
}

}  // namespace glovebox::tools
