#include "policy/hidden_places.h"

#include <algorithm>
#include <span>
#include <utility>

#include "policy/file_place.h"
#include "policy/guard_name.h"
#include "policy/normal_path.h"
#include "policy/system_places.h"

namespace glovebox::policy {

namespace {

constexpr std::string_view kTmp = "/tmp";
constexpr std::string_view kSameTmp = "/var/tmp";

// A mount that shows a folder of the host. tmp mounts and the workspace show none: a folder of the
// host at any path that is longer still decides.
struct Shown {
  std::string at;
  std::string source;  // empty: none that is known
};

std::vector<Shown> shown_by(const Profile& profile) {
  std::vector<Shown> all;
  if (profile.root.kind == Root::Kind::host)
    for (const std::span<const std::string_view> list :
         {std::span<const std::string_view>(kSystemFolders),
          std::span<const std::string_view>(kSystemConfiguration)})
      for (const std::string_view path : list)
        all.push_back({std::string(path), std::string(path)});
  for (const Mount& mount : profile.mounts) {
    if (mount.mode == MountMode::hide) continue;
    const bool of_host = mount.mode != MountMode::tmpfs && !mount.at.starts_with('@');
    all.push_back({box_path(mount.at), of_host ? mount.from.value_or(mount.at) : ""});
  }
  return all;
}

// `path` without the folder that it is below; empty for that folder.
std::string_view rest_of(std::string_view path, std::string_view folder) {
  return folder == "/" ? path : path.substr(folder.size());
}

std::string joined(const std::string& folder, std::string_view rest) {
  return folder == "/" && !rest.empty() ? std::string(rest) : folder + std::string(rest);
}

// Other paths that show what is at `at`, or something in it.
std::vector<std::string> aliases_of(const std::vector<Shown>& all, const std::string& at) {
  std::vector<std::string> aliases;
  if (is_below(at, kTmp)) aliases.push_back(std::string(kSameTmp) + at.substr(kTmp.size()));
  if (is_below(at, kSameTmp)) aliases.push_back(std::string(kTmp) + at.substr(kSameTmp.size()));
  const Shown* own = nullptr;
  for (const Shown& shown : all)
    if (is_below(at, shown.at) && (own == nullptr || shown.at.size() >= own->at.size()))
      own = &shown;
  if (own == nullptr || own->source.empty()) return aliases;
  const std::string there = joined(own->source, rest_of(at, own->at));
  for (const Shown& other : all) {
    if (&other == own || other.source.empty()) continue;
    if (is_below(there, other.source))
      aliases.push_back(joined(other.at, rest_of(there, other.source)));
    else if (is_below(other.source, there))
      aliases.push_back(other.at);
  }
  return aliases;
}

}  // namespace

HiddenPlaces::HiddenPlaces(const Profile& profile) {
  std::vector<Shown> all;
  const auto hide = [&](const std::string& named, const Origin& rule) {
    if (is_workspace_pattern(named))
      return void(patterns_.push_back({std::string(in_workspace(named)), named, &rule}));
    if (all.empty()) all = shown_by(profile);
    std::string at = box_path(named);
    for (std::string& alias : aliases_of(all, at))
      places_.push_back({std::move(alias), named, &rule});
    places_.push_back({std::move(at), named, &rule});
  };
  for (const Mount& mount : profile.mounts)
    if (mount.mode == MountMode::hide) hide(mount.at, mount.origin);
  for (const auto& denied : profile.deny.paths) hide(denied.value, denied.origin);
}

const HiddenPlace* HiddenPlaces::find_pattern(std::string_view path) const {
  const auto found = std::ranges::find_if(
      patterns_, [&](const HiddenPlace& hidden) { return names_in_workspace(hidden.at, path); });
  return found == patterns_.end() ? nullptr : &*found;
}

const HiddenPlace* HiddenPlaces::find(std::string_view path) const {
  const auto found = std::ranges::find_if(
      places_, [&](const HiddenPlace& hidden) { return is_below(path, hidden.at); });
  return found == places_.end() ? find_pattern(path) : &*found;
}

}  // namespace glovebox::policy
