#include <cerrno>
#include <format>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "os/beneath.h"
#include "tools/confined.h"
#include "tools/limits.h"
#include "tools/reason.h"

namespace glovebox::tools {
namespace {

using os::BeneathOpen;
using os::open_beneath;

void drop_last(std::string& path) {
  const std::size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

// Appends the components of `text` to `path` (which has no trailing slash; empty is `/`), folding.
void append_folded(std::string& path, std::string_view text) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('/', start), text.size());
    const std::string_view part = text.substr(start, end - start);
    start = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      drop_last(path);
    } else {
      path += '/';
      path += part;
    }
  }
}

std::string quoted(std::string_view given) {
  return codec::to_json(codec::Json(given));
}

PathRefused outside(const Roots& roots, std::string_view given) {
  return PathRefused{
      std::format("path {} is outside the session's working directory{}", quoted(given),
                  roots.has_announced_extra() ? " and its other permitted directories" : "")};
}

PathRefused unresolvable(std::string_view given, const Error& error) {
  return PathRefused{std::format("path {}: {}", quoted(given), reason(error))};
}

Error from_number(int number) {
  return Error::from_errno(number, "resolve");
}

// The rest of a path that is being resolved: its next components come last.
class Pending {
 public:
  void push_front(std::string_view text) {
    std::vector<std::string> parts;
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = std::min(text.find('/', start), text.size());
      if (end > start && text.substr(start, end - start) != ".") {
        parts.emplace_back(text.substr(start, end - start));
      }
      start = end + 1;
    }
    parts_.insert(parts_.end(), std::make_move_iterator(parts.rbegin()),
                  std::make_move_iterator(parts.rend()));
  }
  bool empty() const { return parts_.empty(); }
  std::string pop() {
    std::string part = std::move(parts_.back());
    parts_.pop_back();
    return part;
  }
  bool has_dot_dot() const {
    for (const std::string& part : parts_) {
      if (part == "..") return true;
    }
    return false;
  }
  std::string joined() const {
    std::string path;
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
      path += '/';
      path += *part;
    }
    return path;
  }

 private:
  std::vector<std::string> parts_;
};

// Walks from the root directory towards the pending components, link by link. `resolved_` is free
// of links; directories outside the roots are taken by name, since nothing there is ever opened.
class Resolver {
 public:
  explicit Resolver(const Roots& roots) : roots_(roots) {}

  Result<std::string> resolve(const std::string& path) {
    pending_.push_front(path);
    while (!pending_.empty()) {
      if (!pending_.has_dot_dot()) {
        std::string whole = resolved_ + pending_.joined();
        if (TRY(is_free_of_links(whole))) return whole;
      }
      TRY(follow_first_link());
    }
    return resolved_;
  }

 private:
  // Also true for what does not exist: openat2 meets a link before it misses what is behind it.
  Result<bool> is_free_of_links(const std::string& path) {
    if (path.size() > kMaxPathBytes) return from_number(ENAMETOOLONG);
    const Root* root = roots_.holding(path);
    if (root == nullptr) return true;
    auto fd = open_beneath(root->dir.get(), below(root->path, path), BeneathOpen::locate);
    if (fd) return true;
    switch (fd.error().error_number()) {
      case ENOENT:
      case ENOTDIR:
        return true;
      case ELOOP:
        return false;
      default:
        return std::move(fd).error();
    }
  }

  // Takes components until one was a link (or none is left) and puts its target in its place.
  Result<> follow_first_link() {
    UniqueFd folder;  // resolved_, while inside a root
    while (!pending_.empty()) {
      const std::string name = pending_.pop();
      if (name == "..") {
        drop_last(resolved_);
        folder.reset();
        continue;
      }
      const std::string next = resolved_ + "/" + name;
      if (next.size() > kMaxPathBytes) return from_number(ENAMETOOLONG);
      const Root* root = roots_.holding(next);
      if (root == nullptr || root->path == next) {
        resolved_ = next;
        folder.reset();
        continue;
      }
      auto opened = folder ? open_beneath(folder.get(), name, BeneathOpen::locate_or_link)
                           : open_beneath(root->dir.get(), below(root->path, next),
                                          BeneathOpen::locate_or_link);
      if (!opened) {
        const int number = opened.error().error_number();
        if (number == ENOENT || number == ENOTDIR) return take_missing(next);
        if (number == ELOOP) return start_again(next);  // swapped since it was resolved
        return std::move(opened).error();
      }
      if (TRY(os::file_status(opened->get())).kind == os::FileStatus::Kind::link) {
        TRY(count_hop());
        const std::string target = TRY(os::link_target(opened->get()));
        if (target.starts_with('/')) resolved_.clear();
        pending_.push_front(target);
        return {};
      }
      resolved_ = next;
      folder = std::move(*opened);
    }
    return {};
  }

  // What lies behind a missing component is folded by name, then looked at again.
  Result<> take_missing(const std::string& next) {
    if (!pending_.has_dot_dot()) {
      resolved_ = next + pending_.joined();
      pending_ = Pending();
      return {};
    }
    return start_again(next);
  }

  Result<> start_again(const std::string& next) {
    TRY(count_hop());
    std::string folded;
    append_folded(folded, next + pending_.joined());
    pending_ = Pending();
    pending_.push_front(folded);
    resolved_.clear();
    return {};
  }

  Result<> count_hop() {
    if (++hops_ > kMaxSymlinkHops) return from_number(ELOOP);
    return {};
  }

  const Roots& roots_;
  std::string resolved_;
  Pending pending_;
  int hops_ = 0;
};

}  // namespace

std::string folded_path(const Roots& roots, std::string_view given) {
  std::string path;
  if (!given.starts_with('/')) path = roots.workspace().path;
  append_folded(path, given);
  const std::string& host = roots.host_workdir();
  if (given.starts_with('/') && !host.empty() && is_within(host, path) &&
      roots.holding(path) == nullptr) {
    path = roots.workspace().path + path.substr(host.size());
  }
  return path.empty() ? "/" : path;
}

std::expected<Place, PathRefused> locate(const Roots& roots, std::string_view given) {
  std::string path = folded_path(roots, given);
  if (roots.holding(path) == nullptr) return std::unexpected(outside(roots, given));
  auto resolved = Resolver(roots).resolve(std::move(path));
  if (!resolved) return std::unexpected(unresolvable(given, resolved.error()));
  const Root* root = roots.holding(*resolved);
  if (root == nullptr) return std::unexpected(outside(roots, given));
  if (resolved->size() > kMaxPathBytes) {
    return std::unexpected(unresolvable(given, from_number(ENAMETOOLONG)));
  }
  std::string relative(below(root->path, *resolved));
  return Place{root, std::move(*resolved), std::move(relative)};
}

}  // namespace glovebox::tools
