#include <algorithm>
#include <array>
#include <format>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "policy/compare_parts.h"
#include "policy/file_place.h"
#include "policy/guard_name.h"
#include "policy/hidden_places.h"
#include "policy/judge_file.h"
#include "policy/name_pattern.h"
#include "policy/normal_path.h"

namespace glovebox::policy {

namespace {

constexpr std::string_view kWorkspace = "/workspace";
// The strongest first: it is the witness of what is new at one place.
constexpr std::array kActs = {FileAct::write, FileAct::exec, FileAct::read};

std::string_view verb(FileAct act) {
  return act == FileAct::read ? "read" : act == FileAct::write ? "write" : "run";
}

using Paths = std::set<std::string>;

// A path right below `folder` that no prefix covers but those that cover `folder`.
std::string fresh_below(const Paths& prefixes, const std::string& folder) {
  const std::string base = folder == "/" ? "/" : folder + "/";
  std::string path = base + "any";
  for (int i = 1; prefixes.contains(path); ++i) path = std::format("{}any{}", base, i);
  return path;
}

// Every prefix by which one of the sides decides.
Paths prefixes_of(const Sides& sides) {
  Paths prefixes;
  for (const Profile* profile : {&sides.before, &sides.after}) {
    for (const Mount& mount : profile->mounts) prefixes.insert(box_path(mount.at));
    for (const HiddenPlace& place : HiddenPlaces(*profile).places()) prefixes.insert(place.at);
    prefixes.insert(profile->devices.begin(), profile->devices.end());
  }
  // /tmp is in two places.
  for (const std::string& path : Paths(prefixes))
    if (is_below(path, "/tmp")) prefixes.insert("/var" + path);
  // What glovebox gives is the same on both sides, unless a line of one reaches into it.
  const Paths of_policy = prefixes;
  const bool differ = sides.before.root.kind != sides.after.root.kind ||
                      can_execute(sides.before, sides.filters_before) !=
                          can_execute(sides.after, sides.filters_after);
  for (const std::string_view place : system_places()) {
    const auto related = [&](const std::string& path) {
      return is_below(path, place) || is_below(place, path);
    };
    if (differ || std::ranges::any_of(of_policy, related)) prefixes.emplace(place);
  }
  prefixes.insert("/");
  prefixes.emplace(kWorkspace);
  return prefixes;
}

// Guarded names, and patterns, at every place of the workspace that something else is decided
// about.
void add_guarded(const Sides& sides, const Paths& prefixes, Paths& paths) {
  std::vector<std::string_view> names;
  for (const Profile* profile : {&sides.before, &sides.after}) {
    for (const Guard& guard : profile->guard) names.push_back(guard.name);
    for (const Mount& mount : profile->mounts)
      if (is_workspace_pattern(mount.at)) names.push_back(in_workspace(mount.at));
    for (const auto& item : profile->deny.paths)
      if (is_workspace_pattern(item.value)) names.push_back(in_workspace(item.value));
  }
  if (names.empty()) return;
  Paths folders;
  for (const std::string& prefix : prefixes) {
    if (!is_below(prefix, kWorkspace)) continue;
    folders.insert(fresh_below(prefixes, prefix));
    for (std::string folder = prefix; is_below(folder, kWorkspace);
         folder.resize(folder.rfind('/')))
      folders.insert(folder);
  }
  for (const std::string& name : name_classes(names))
    for (const std::string& folder : folders)
      if (std::string path = std::format("{}/{}", folder, name); is_normal_path(path))
        paths.insert(std::move(path));
}

// One path of every class that the sides can tell apart.
Paths paths_of(const Sides& sides) {
  const Paths prefixes = prefixes_of(sides);
  Paths paths = prefixes;
  for (const std::string& prefix : prefixes) paths.insert(fresh_below(prefixes, prefix));
  add_guarded(sides, prefixes, paths);
  return paths;
}

std::string_view dimension_of(const Ruling& before, const Ruling& after) {
  for (const Ruling* ruling : {&before, &after}) {
    if (ruling->reason == Reason::path_denied) return "deny.paths";
    if (ruling->reason == Reason::guarded) return "guard";
    if (ruling->reason == Reason::no_exec_call) return "exec";
  }
  for (const Ruling* ruling : {&before, &after})
    if (ruling->subject.starts_with("/dev/")) return "devices";
  return "mount";
}

// What changed by one pair of lines.
struct Change {
  std::set<FileAct> acts;
  FileRequest witness;
};
using Changes = std::map<std::tuple<Direction, std::string_view, Causes>, Change>;

Risk risk_of(const Change& change) {
  const bool inside =
      is_below(change.witness.path, kWorkspace) || is_below(change.witness.path, "/tmp");
  if (change.acts.contains(FileAct::write) && !inside) return Risk::high;
  if (change.acts.contains(FileAct::read) && !inside) return Risk::high;
  return Risk::medium;
}

// A side by the paths of its places, and what its filter lets be started.
struct Indexed {
  Indexed(const Profile& of, const Filters& filters)
      : profile(of), places(of), executes(can_execute(of, filters)) {}

  Ruling judge(const FileRequest& request) const {
    return judge_at(profile, request, places.find(request.path), [this] { return executes; });
  }

  const Profile& profile;
  PlaceIndex places;
  bool executes;
};

// What nobody would mind to see outside is not looked for on its way out (F4).
void compare_data(const FilePlace& old, const FilePlace& now, const Causes& causes,
                  Findings& findings) {
  const auto is_public = [](const FilePlace& place) {
    return place.mount != nullptr && place.mount->data == Data::public_data;
  };
  const bool was = is_public(old), is = is_public(now);
  if (was != is)
    findings.add(
        direction_of(is), "mount.data",
        std::format("`{}` is {} public", is ? now.at : old.at, now_or_no_longer(direction_of(is))),
        Risk::medium, causes);
}

void compare_contents(const Sides& sides, const FilePlace& old, const FilePlace& now,
                      const std::string& path, Findings& findings) {
  if (old.mount == nullptr && now.mount == nullptr) return;  // `root` is a dimension of its own
  const std::string before = content_of(sides.before, old, path);
  const std::string after = content_of(sides.after, now, path);
  const Causes causes{old.rule, now.rule};
  if (before == after) {
    compare_data(old, now, causes, findings);
    if (before != "tmpfs" || old.mount == nullptr || now.mount == nullptr) return;
    if (!old.mount->size && !now.mount->size) return;
    const auto size = [](const Profile& profile, const Mount& mount) {
      return mount.size.value_or(profile.limits.tmp.value).bytes();
    };
    const std::uint64_t small = size(sides.before, *old.mount);
    const std::uint64_t large = size(sides.after, *now.mount);
    if (small != large)
      findings.add(direction_of(large > small), "mount.size",
                   std::format("`{}` holds {} bytes, before {}", now.at, large, small), Risk::low,
                   causes);
    return;
  }
  if (after == "tmpfs")
    return findings.add(Direction::narrower, "mount.from",
                        std::format("`{}` is empty at first, it was {}", now.at, before), Risk::low,
                        causes);
  findings.add(Direction::wider, "mount.from",
               std::format("`{}` shows {}, before {}", now.at, after, before), Risk::high, causes);
}

}  // namespace

void compare_files(const Sides& sides, Findings& findings) {
  const Indexed before(sides.before, sides.filters_before);
  const Indexed after(sides.after, sides.filters_after);
  Changes changes;
  for (const std::string& path : paths_of(sides)) {
    bool readable = true;
    for (const FileAct act : kActs) {
      const FileRequest request{act, path};
      const Ruling old = before.judge(request);
      const Ruling now = after.judge(request);
      if (act == FileAct::read) readable = old.allowed && now.allowed;
      if (old.allowed == now.allowed) continue;
      Change& change =
          changes[{direction_of(now.allowed), dimension_of(old, now), Causes{old.rule, now.rule}}];
      if (change.acts.empty()) change.witness = request;
      change.acts.insert(act);
    }
    if (readable)
      compare_contents(sides, before.places.find(path), after.places.find(path), path, findings);
  }
  for (const auto& [key, change] : changes) {
    const auto& [direction, dimension, causes] = key;
    std::string acts;
    for (const FileAct act : change.acts)
      acts += (acts.empty() ? "" : ", ") + std::string(verb(act));
    const std::string place =
        to_string(Request(change.witness)).substr(to_string(Request(change.witness)).find(' ') + 1);
    findings.add(direction, dimension,
                 std::format("{} allowed at `{}`: {}", now_or_no_longer(direction), place, acts),
                 risk_of(change), causes, change.witness);
  }
}

}  // namespace glovebox::policy
