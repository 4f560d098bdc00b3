#include "box/session_guard.h"

#include <fcntl.h>

#include <algorithm>
#include <format>
#include <utility>

#include "os/file.h"
#include "policy/normal_path.h"

namespace glovebox::box {

namespace {

constexpr unsigned kPrivateFile = 0600;

// What another mount of the plan covers is not the workspace's.
bool is_covered(const BoxPlan& plan, const GuardedName& name) {
  const std::string at = std::format("{}/{}", kWorkspace, name.path);
  return std::ranges::any_of(plan.mounts, [&](const MountEntry& entry) {
    return entry.kind != MountKind::workspace && entry.kind != MountKind::mask &&
           policy::is_below(at, entry.at);
  });
}

// A link would have to be protected with all that it can be made to lead to.
Result<void> refuse_links(const GuardedNames& names) {
  for (const GuardedName& name : names) {
    if (name.type != os::FileType::symlink || name.protection != Protection::read_only) continue;
    return Error(ErrorKind::denied,
                 std::format("{} guards {}, which is a symbolic link in the workspace\n"
                             "hint: put in its place what it leads to, or take the name from "
                             "the policy",
                             name.rule, name.path));
  }
  return {};
}

Result<std::string> list_for(const BoxPlan& plan, GuardedNames&& names) {
  std::erase_if(names, [&](const GuardedName& name) { return is_covered(plan, name); });
  TRY(refuse_links(names));
  return encode_guarded(names);
}

}  // namespace

SessionGuard::Watch& SessionGuard::watch_of(const BoxPlan& plan) {
  for (Watch& known : watches_)
    if (known.watch.rules == plan.guards) return known;
  watches_.push_back({{plan.guards, {}}});
  return watches_.back();
}

// What a keeper of this session wrote that was killed: nobody has swept since.
Result<void> SessionGuard::load() {
  if (is_loaded_) return {};
  roots_ = TRY(GuardRoots::load(session_fd_));
  is_loaded_ = true;
  const auto file = os::open_at(session_fd_, kWatchFile, O_RDONLY | O_NOFOLLOW);
  if (!file && file.error().kind() == ErrorKind::not_found) return {};
  is_loaded_ = false;
  if (!file) return file.error();
  for (GuardWatch& watch : TRY(decode_watches(TRY(os::read_all(file->get(), kMaxWatchFile)))))
    watches_.push_back({std::move(watch)});
  is_loaded_ = owes_ = true;
  return {};
}

Result<void> SessionGuard::save() {
  std::vector<GuardWatch> all;
  for (const Watch& watch : watches_) all.push_back(watch.watch);
  std::string bytes = encode_watches(all);
  if (bytes == saved_) return {};
  TRY(os::swap_file(session_fd_, kWatchFile, bytes, kPrivateFile));
  saved_ = std::move(bytes);
  return {};
}

void SessionGuard::rest() {
  if (owes_ || saved_.empty()) return;
  if (os::remove_file(session_fd_, kWatchFile)) saved_.clear();
}

// Those that `wanted` names; all of them while something is owed.
template <class Wanted>
void SessionGuard::sweep_watches(const GuardGround& ground, const Wanted& wanted) {
  std::string left;
  for (const Watch& watch : watches_) {
    if (!owes_ && !wanted(watch)) continue;
    report_.left.clear();
    sweep(ground, watch.watch, report_);
    if (!report_.left.empty()) left = report_.left;
  }
  report_.left = std::move(left);
  owes_ = !report_.left.empty();
}

Result<std::string> SessionGuard::begin(const BoxPlan& plan, Guests guests) {
  if (plan.guards.empty()) return std::string();
  TRY(load());
  const GuardGround ground = ground_of(plan);
  const auto is_its = [&](const Watch& watch) { return watch.watch.rules == plan.guards; };
  const bool is_new = std::ranges::none_of(watches_, is_its);
  if (owes_ || guests == Guests::run) {
    sweep_watches(ground, is_its);
    if (owes_) return Error(ErrorKind::denied, report_.left + " could not be moved away");
  }
  Watch& watch = watch_of(plan);
  const bool is_known = guests == Guests::run && !is_new;
  GuardedNames names =
      TRY(look_for_guarded(ground, plan.guards, is_known ? &watch.watch : nullptr, &roots_));
  watch.watch.know(names);
  TRY(roots_.save(session_fd_));
  TRY(save());
  return list_for(plan, std::move(names));
}

Result<std::string> SessionGuard::look(const BoxPlan& plan) const {
  if (plan.guards.empty()) return std::string();
  return list_for(plan, TRY(look_for_guarded(ground_of(plan), plan.guards)));
}

GuardReport SessionGuard::end(const BoxPlan& plan) {
  sweep_watches(ground_of(plan), [&](const Watch& watch) {
    return watch.is_kept || watch.watch.rules == plan.guards;
  });
  GuardReport report = std::exchange(report_, {});
  report_.left = report.left;
  return report;
}

void SessionGuard::has_left(const BoxPlan& plan) {
  if (!plan.guards.empty()) watch_of(plan).is_kept = true;
}

}  // namespace glovebox::box
