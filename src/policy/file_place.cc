#include "policy/file_place.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "policy/guard_name.h"
#include "policy/normal_path.h"
#include "policy/system_places.h"

namespace glovebox::policy {

namespace {

struct SystemPlace {
  std::string_view at;
  FilePlace::Kind kind;
};
using enum FilePlace::Kind;

template <std::size_t... N>
constexpr auto places_of(
    const std::pair<const std::array<std::string_view, N>&, FilePlace::Kind>&... lists) {
  std::array<SystemPlace, (N + ...)> all{};
  std::size_t at = 0;
  const auto add = [&](const auto& list) {
    for (const std::string_view path : list.first) all.at(at++) = {path, list.second};
  };
  (add(lists), ...);
  return all;
}
template <std::size_t N>
constexpr std::pair<const std::array<std::string_view, N>&, FilePlace::Kind> all_of(
    const std::array<std::string_view, N>& list, FilePlace::Kind kind) {
  return {list, kind};
}

constexpr auto kOfHost =
    places_of(all_of(kSystemFolders, system), all_of(kSystemConfiguration, configuration),
              all_of(kMadeFiles, configuration));
constexpr std::array<std::string_view, 1> kProcess = {kProcessFiles};
constexpr std::array<std::string_view, 1> kShared = {kSharedMemory};
constexpr std::array<std::string_view, 1> kOutput = {kOutputsFolder};
constexpr auto kOfEveryBox = places_of(
    all_of(kProcess, process_files), all_of(kSystemDevices, device), all_of(kTerminals, device),
    all_of(kStreams, process_files), all_of(kShared, scratch), all_of(kOutput, configuration));

// How long the part of `path` is that `at` covers; 0: none.
std::size_t covered_as_named(std::string_view at, std::string_view path) {
  if (at == "/") return 1;
  // The anchors are as long as the paths that they stand for, and differ in the first byte only.
  const bool fits = at.size() <= path.size() && path.substr(1).starts_with(at.substr(1)) &&
                    (at.size() == path.size() || path[at.size()] == '/');
  return fits ? at.size() : 0;
}

// As covered_as_named; /var/tmp is /tmp.
std::size_t covered(std::string_view at, std::string_view path) {
  constexpr std::string_view kSameTmp = "/var/tmp";
  constexpr std::size_t kBefore = 4;  // `/var`
  const std::size_t here = covered_as_named(at, path);
  if (here > 0 || at.substr(1, 3) != "tmp" || !is_below(path, kSameTmp)) return here;
  const std::size_t there = covered_as_named(at, path.substr(kBefore));
  return there == 0 ? 0 : there + kBefore;
}

void consider(FilePlace& best, std::size_t& length, std::string_view path,
              std::span<const SystemPlace> places) {
  for (const SystemPlace& place : places) {
    const std::size_t here = covered(place.at, path);
    if (here <= length) continue;
    best = {place.kind, nullptr, place.at, nullptr};
    length = here;
  }
}

// How long the part of `path` is that a mount covers. A read-only pattern is one of names at the
// root of the workspace.
std::size_t covered_by(const Mount& mount, std::string_view path) {
  if (!is_workspace_pattern(mount.at)) return covered(mount.at, path);
  const std::string_view rest = in_workspace(path);
  const std::size_t length = rest.empty() ? 0 : named_part(in_workspace(mount.at), rest);
  return length == 0 ? 0 : path.size() - rest.size() + length;
}

FilePlace hidden_at(const HiddenPlace& place) {
  return {hidden, nullptr, place.named, place.rule};
}

FilePlace find_shown(const Profile& profile, std::string_view path) {
  FilePlace best;
  std::size_t length = 0;
  if (profile.root.kind == Root::Kind::host) {
    consider(best, length, path, kOfHost);
  } else {
    best = {system, nullptr, "/", &profile.root.origin};
    length = 1;
  }
  consider(best, length, path, kOfEveryBox);
  for (const std::string& name : profile.devices) {
    const std::size_t here = covered(name, path);
    if (here < length || here == 0) continue;
    const auto origin = profile.origins.find("devices." + name);
    best = {device, nullptr, name, origin == profile.origins.end() ? nullptr : &origin->second};
    length = here;
  }
  for (const Mount& mount : profile.mounts) {
    if (mount.mode == MountMode::hide) continue;
    const std::size_t here = covered_by(mount, path);
    if (here == 0 || here < length) continue;
    // Beside a pattern the stricter counts, whatever the order.
    if (here == length && best.mount != nullptr && is_workspace_pattern(best.mount->at)) continue;
    best = {FilePlace::Kind::mount, &mount, mount.at, &mount.origin};
    length = here;
  }
  return best;
}

FilePlace find_in(const Profile& profile, const HiddenPlaces& places, std::string_view path) {
  if (const HiddenPlace* place = places.find(path)) return hidden_at(*place);
  return find_shown(profile, path);
}

}  // namespace

bool covers(std::string_view at, std::string_view path) {
  if (is_workspace_pattern(at)) return names_in_workspace(in_workspace(at), path);
  return covered(at, path) != 0;
}

std::string box_path(std::string_view at) {
  std::string path(at);
  if (!path.empty()) path[0] = '/';
  return path;
}

std::vector<std::string_view> system_places() {
  std::vector<std::string_view> places;
  places.reserve(kOfHost.size() + kOfEveryBox.size());
  for (const SystemPlace& place : kOfHost) places.push_back(place.at);
  for (const SystemPlace& place : kOfEveryBox) places.push_back(place.at);
  return places;
}

FilePlace find_place(const Profile& profile, std::string_view path) {
  return find_in(profile, HiddenPlaces(profile), path);
}

PlaceIndex::PlaceIndex(const Profile& profile) : hidden_(profile) {
  std::vector<std::string> paths = {"/"};
  for (const std::string_view place : system_places()) paths.emplace_back(place);
  for (const std::string& name : profile.devices) paths.push_back(name);
  for (const Mount& mount : profile.mounts) {
    if (mount.mode != MountMode::hide && is_workspace_pattern(mount.at))
      patterns_.push_back(&mount);
    else
      paths.push_back(box_path(mount.at));
  }
  for (const HiddenPlace& place : hidden_.places()) paths.push_back(place.at);
  for (const std::string& path : std::vector(paths))
    if (is_below(path, "/tmp")) paths.push_back("/var" + path);
  for (const std::string& path : paths) places_.emplace(path, find_in(profile, hidden_, path));
}

FilePlace PlaceIndex::find(std::string_view path) const {
  if (const HiddenPlace* place = hidden_.find_pattern(path)) return hidden_at(*place);
  const Mount* pattern = nullptr;
  std::size_t length = 0;
  for (const Mount* mount : patterns_)
    if (const std::size_t here = covered_by(*mount, path); here > 0 && here >= length)
      pattern = mount, length = here;
  std::string_view at = path;
  auto found = places_.find(at);
  while (found == places_.end()) {
    at = at.substr(0, std::max<std::size_t>(at.rfind('/'), 1));
    found = places_.find(at);
  }
  const FilePlace& place = found->second;
  if (pattern == nullptr || place.kind == hidden || at.size() > length) return place;
  return {FilePlace::Kind::mount, pattern, pattern->at, &pattern->origin};
}

std::string content_of(const Profile& profile, const FilePlace& place, std::string_view path) {
  switch (place.kind) {
    case nothing:
    case hidden:
      return {};
    case system:
      return profile.root.kind == Root::Kind::host ? std::string(path)
                                                   : "image:" + profile.root.image;
    case configuration:
    case process_files:
    case device:
      return std::string(path);
    case scratch:
      return "tmpfs";
    case FilePlace::Kind::mount:
      break;
  }
  const Mount& mount = *place.mount;
  if (mount.mode == MountMode::tmpfs) return "tmpfs";
  if (mount.at.starts_with('@')) return "workspace:" + std::string(path);
  const std::string source = mount.from.value_or(mount.at);
  const std::string_view rest = mount.at == "/" ? path : path.substr(mount.at.size());
  return (source == "/" ? "" : source) + std::string(rest);
}

const Guard* find_guard(const Profile& profile, std::string_view path) {
  const auto found = std::ranges::find_if(
      profile.guard, [&](const Guard& guard) { return names_in_workspace(guard.name, path); });
  return found == profile.guard.end() ? nullptr : &*found;
}

}  // namespace glovebox::policy
