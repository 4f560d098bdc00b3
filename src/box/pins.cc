#include "box/pins.h"

#include <fcntl.h>

#include <string_view>
#include <utility>
#include <vector>

#include "box/as_owner.h"
#include "os/file.h"
#include "os/mount.h"

namespace glovebox::box {

namespace {

bool leads_nowhere(const Error& error) {
  return error.kind() == ErrorKind::not_found || errno_name(error.error_number()) == "ENOTDIR";
}

// The way as it was walked from the root, each place with the next name to be taken from it.
class Way {
 public:
  Way(const Site& site, int root) : site_(site), root_(root) {}

  // What it ends at; not valid: nothing.
  Result<UniqueFd> walk(std::string_view path) {
    push(path);
    while (!todo_.empty()) {
      const std::string name = std::move(todo_.back());
      todo_.pop_back();
      if (name == "..") {
        if (!places_.empty()) places_.pop_back();
        continue;
      }
      auto next = step(name);
      if (next) continue;
      if (leads_nowhere(next.error())) return UniqueFd();
      return std::move(next).error();
    }
    if (is_endless_) return UniqueFd();
    return os::duplicate(here());
  }
  // More links than anybody can follow: nobody gets there.
  bool is_endless() const { return is_endless_; }

 private:
  int here() const { return places_.empty() ? root_ : places_.back().get(); }

  void push(std::string_view path) {
    const std::vector<std::string_view> parts = parts_of(path);
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      if (!part->empty() && *part != ".") todo_.emplace_back(*part);
  }

  Result<UniqueFd> open(const std::string& name) const {
    return open_place(site_, here(), name, os::Resolve::anywhere);
  }

  Result<void> step(const std::string& name) {
    UniqueFd place = TRY(open(name));
    const os::FileType type = TRY(os::facts_of(place.get())).type;
    const bool is_link = type == os::FileType::symlink;
    if (is_link || (type == os::FileType::folder && !todo_.empty())) {
      TRY(pin(place));
      if (!is_link) place = TRY(open(name));
    }
    if (!is_link) {
      places_.push_back(std::move(place));
      return {};
    }
    if (++links_ > kMaxLinksOnTheWay) {
      is_endless_ = true;
      todo_.clear();
      return {};
    }
    const std::string target = TRY(os::read_link_at(place.get(), ""));
    if (target.starts_with('/')) places_.clear();
    push(target);
    return {};
  }

  const Site& site_;
  int root_;
  std::vector<UniqueFd> places_;
  std::vector<std::string> todo_;  // the next one last
  int links_ = 0;
  bool is_endless_ = false;
};

}  // namespace

Result<UniqueFd> open_place(const Site& site, int folder, const std::string& path,
                            os::Resolve resolve) {
  const auto open = [&] { return os::open_at(folder, path, O_PATH | O_NOFOLLOW, resolve); };
  auto opened = open();
  if (opened || opened.error().kind() != ErrorKind::denied) return opened;
  // Elsewhere the session's root may walk wherever its guests may.
  if (site.plan.layers.has(Layer::user_namespace)) return opened;
  return as_owner(site.plan.ids, open);
}

Result<void> mount_on_itself(const UniqueFd& place, Access access) {
  const UniqueFd tree = TRY(os::copy_tree(place.get(), "", os::Depth::all));
  if (access == Access::read_only)
    TRY(os::set_mount_flags(tree.get(), {.read_only = true}, os::Depth::one));
  return os::attach(tree.get(), place.get(), "");
}

Result<void> pin(const UniqueFd& place) {
  if (TRY(os::is_mount_root(place.get()))) return {};
  if (TRY(os::is_read_only_mount(place.get()))) return {};
  return mount_on_itself(place, Access::read_write);
}

Result<UniqueFd> pin_way(const Site& site, int root, const std::string& path) {
  // The kernel says where a guest gets to, over every mount.
  const auto lead = [&]() -> Result<UniqueFd> {
    const auto open = [&] { return os::open_at(root, path, O_PATH, os::Resolve::in_root); };
    auto led = open();
    if (led || led.error().kind() != ErrorKind::denied ||
        site.plan.layers.has(Layer::user_namespace))
      return led;
    return as_owner(site.plan.ids, open);
  };
  const auto before = lead();
  if (!before && leads_nowhere(before.error())) return UniqueFd();
  Way way(site, root);
  const UniqueFd end = TRY(way.walk(path));
  if (!before) {
    if (way.is_endless()) return UniqueFd();
    return before.error();
  }
  UniqueFd led = TRY(lead());
  if (end) {
    const os::FileFacts walked = TRY(os::facts_of(end.get()));
    const os::FileFacts found = TRY(os::facts_of(led.get()));
    if (walked.device == found.device && walked.inode == found.inode) return led;
  }
  return Error(ErrorKind::conflict, "is reached by a way that cannot be held");
}

}  // namespace glovebox::box
