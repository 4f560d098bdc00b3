#include "policy/file_place.h"

#include <algorithm>
#include <array>
#include <span>

#include "policy/normal_path.h"

namespace glovebox::policy {

namespace {

constexpr std::string_view kWorkspace = "/workspace";

struct SystemPlace {
  std::string_view at;
  FilePlace::Kind kind;
};
using enum FilePlace::Kind;

// As box/plan.cc makes them with root = "host".
constexpr std::array<SystemPlace, 32> kOfHost = {{
    {"/usr", system},
    {"/bin", system},
    {"/sbin", system},
    {"/lib", system},
    {"/lib32", system},
    {"/lib64", system},
    {"/libx32", system},
    {"/opt", system},
    {"/nix", system},
    {"/etc/alternatives", configuration},
    {"/etc/ca-certificates", configuration},
    {"/etc/crypto-policies", configuration},
    {"/etc/fonts", configuration},
    {"/etc/java-11-openjdk", configuration},
    {"/etc/java-17-openjdk", configuration},
    {"/etc/ld.so.cache", configuration},
    {"/etc/ld.so.conf", configuration},
    {"/etc/ld.so.conf.d", configuration},
    {"/etc/localtime", configuration},
    {"/etc/mime.types", configuration},
    {"/etc/pki", configuration},
    {"/etc/protocols", configuration},
    {"/etc/python3.11", configuration},
    {"/etc/services", configuration},
    {"/etc/ssl", configuration},
    {"/etc/passwd", configuration},
    {"/etc/group", configuration},
    {"/etc/hostname", configuration},
    {"/etc/hosts", configuration},
    {"/etc/nsswitch.conf", configuration},
    {"/etc/resolv.conf", configuration},
    {"/etc/machine-id", configuration},
}};
constexpr std::array<SystemPlace, 14> kOfEveryBox = {{
    {"/proc", process_files},
    {"/dev/null", device},
    {"/dev/zero", device},
    {"/dev/full", device},
    {"/dev/random", device},
    {"/dev/urandom", device},
    {"/dev/pts", device},
    {"/dev/ptmx", device},
    {"/dev/fd", process_files},
    {"/dev/stdin", process_files},
    {"/dev/stdout", process_files},
    {"/dev/stderr", process_files},
    {"/dev/shm", scratch},
    {"/outputs", configuration},
}};

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

// The pattern names the first part of `rest`, or of what it lies in.
bool guards(std::string_view pattern, std::string_view rest) {
  if (pattern.ends_with('*')) return rest.starts_with(pattern.substr(0, pattern.size() - 1));
  return rest.starts_with(pattern) &&
         (rest.size() == pattern.size() || rest[pattern.size()] == '/');
}

}  // namespace

bool covers(std::string_view at, std::string_view path) {
  return covered(at, path) != 0;
}

std::string box_path(std::string_view at) {
  std::string path(at);
  if (!path.empty()) path[0] = '/';
  return path;
}

std::vector<std::string_view> system_places() {
  std::vector<std::string_view> places;
  for (const SystemPlace& place : kOfHost) places.push_back(place.at);
  for (const SystemPlace& place : kOfEveryBox) places.push_back(place.at);
  return places;
}

FilePlace find_place(const Profile& profile, std::string_view path) {
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
    const std::size_t here = covered(mount.at, path);
    if (here == 0 || here < length) continue;
    // Two mounts at one place are refused when a file is read; of values the stricter counts.
    if (here == length && best.mount != nullptr && best.mount->mode == MountMode::hide) continue;
    best = {FilePlace::Kind::mount, &mount, mount.at, &mount.origin};
    length = here;
  }
  return best;
}

PlaceIndex::PlaceIndex(const Profile& profile) {
  std::vector<std::string> paths = {"/"};
  for (const std::string_view place : system_places()) paths.emplace_back(place);
  for (const std::string& name : profile.devices) paths.push_back(name);
  for (const Mount& mount : profile.mounts) paths.push_back(box_path(mount.at));
  for (const std::string& path : std::vector(paths))
    if (is_below(path, "/tmp")) paths.push_back("/var" + path);
  for (const std::string& path : paths) places_.emplace(path, find_place(profile, path));
}

FilePlace PlaceIndex::find(std::string_view path) const {
  while (path.size() > 1) {
    if (const auto found = places_.find(path); found != places_.end()) return found->second;
    path = path.substr(0, path.rfind('/'));
  }
  return places_.find(std::string_view("/"))->second;
}

std::string content_of(const Profile& profile, const FilePlace& place, std::string_view path) {
  switch (place.kind) {
    case nothing:
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
  if (mount.mode == MountMode::hide) return {};
  if (mount.mode == MountMode::tmpfs) return "tmpfs";
  if (mount.at.starts_with('@')) return "workspace:" + std::string(path);
  const std::string source = mount.from.value_or(mount.at);
  const std::string_view rest = mount.at == "/" ? path : path.substr(mount.at.size());
  return (source == "/" ? "" : source) + std::string(rest);
}

const Guard* find_guard(const Profile& profile, std::string_view path) {
  if (!is_below(path, kWorkspace)) return nullptr;
  for (std::size_t slash = kWorkspace.size(); slash < path.size();) {
    const std::string_view rest = path.substr(slash + 1);
    for (const Guard& guard : profile.guard)
      if (guards(guard.name, rest)) return &guard;
    slash = path.find('/', slash + 1);
    if (slash == std::string_view::npos) break;
  }
  return nullptr;
}

}  // namespace glovebox::policy
