#include "box/cgroup.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/process.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kMaxText = 1 << 20;
constexpr std::size_t kMaxGroups = 100'000;
constexpr unsigned kFolderMode = 0755;
constexpr const char* kProcesses = "cgroup.procs";

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool lists(std::string_view list, std::string_view word, char by) {
  const auto words = split(list, by);
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Where this process's group of a hierarchy lies: `type` and `option` as mountinfo has them.
std::optional<std::string> own_folder(std::string_view mounts, std::string_view groups,
                                      std::string_view type, std::string_view controller) {
  std::optional<std::string> path;
  for (std::string_view line : split(groups, '\n')) {
    const auto parts = split(line, ':');  // id, controllers, path
    if (parts.size() >= 3 && (controller.empty() ? parts[0] == "0" && parts[1].empty()
                                                 : lists(parts[1], controller, ',')))
      path = line.substr(parts[0].size() + parts[1].size() + 2);
  }
  if (!path) return std::nullopt;
  for (std::string_view line : split(mounts, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');  // type, source, options
    if (before.size() < 5 || after.size() < 3 || after[0] != type) continue;
    if (!controller.empty() && !lists(after[2], controller, ',')) continue;
    std::string_view root = before[3];
    if (root == "/") root = "";
    if (!path->starts_with(root)) continue;
    std::string rest = path->substr(root.size());
    if (rest == "/") rest.clear();
    return std::string(before[4]) + rest;
  }
  return std::nullopt;
}

bool can_make_below(const std::string& folder) {
  auto opened = os::open_path(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return false;
  const std::string name = "glovebox-probe";
  (void)os::remove_folder(opened->get(), name);
  return os::make_folder(opened->get(), name, kFolderMode) &&
         os::remove_folder(opened->get(), name);
}

Result<void> write_to(int folder, const std::string& name, std::string_view value) {
  const UniqueFd file = TRY_CONTEXT(os::open_at(folder, name, O_WRONLY), name);
  TRY_CONTEXT(os::write_all(file.get(), value), name);
  return {};
}

Result<std::string> read_from(int folder, const std::string& name) {
  const UniqueFd file = TRY_CONTEXT(os::open_at(folder, name, O_RDONLY), name);
  return os::read_all(file.get(), kMaxText);
}

Result<UniqueFd> open_group_folder(const std::string& path) {
  return os::open_path(path, O_RDONLY | O_DIRECTORY);
}

Result<void> make_folder(const std::string& parent, std::string_view name) {
  const UniqueFd folder = TRY(open_group_folder(parent));
  auto made = os::make_folder(folder.get(), std::string(name), kFolderMode);
  if (!made && made.error().kind() != ErrorKind::exists) return made;
  return {};
}

// The number after `key ` at the start of a line.
std::uint64_t field(std::string_view text, std::string_view key) {
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') continue;
    std::uint64_t value = 0;
    std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
    return value;
  }
  return 0;
}

// Groups below come first; what still runs in them is killed where the kernel has a way (v2).
Result<void> remove_below(const std::string& path) {
  auto folder = open_group_folder(path);
  if (!folder) {
    if (folder.error().kind() == ErrorKind::not_found) return {};
    return std::move(folder).error();
  }
  (void)write_to(folder->get(), "cgroup.kill", "1");
  for (const os::FolderEntry& entry : TRY(os::list_folder(folder->get(), kMaxGroups))) {
    if (entry.type == os::FileType::folder) TRY(remove_below(path + "/" + entry.name));
  }
  const std::size_t slash = path.rfind('/');
  const UniqueFd parent = TRY(open_group_folder(path.substr(0, slash)));
  auto removed = os::remove_folder(parent.get(), path.substr(slash + 1));
  if (!removed && removed.error().kind() == ErrorKind::not_found) return {};
  return removed;
}

Result<void> give_folder(const std::string& path, std::uint32_t uid, std::uint32_t gid) {
  const UniqueFd folder = TRY(open_group_folder(path));
  TRY(os::change_owner(folder.get(), uid, gid));
  for (const os::FolderEntry& entry : TRY(os::list_folder(folder.get(), kMaxGroups))) {
    const bool given = entry.name == kProcesses || entry.name == "cgroup.threads" ||
                       entry.name == "cgroup.subtree_control" || entry.name == "tasks";
    if (!given) continue;
    const UniqueFd file = TRY(os::open_at(folder.get(), entry.name, O_RDONLY | O_NOFOLLOW));
    TRY(os::change_owner(file.get(), uid, gid));
  }
  return {};
}

bool has_memory_and_pids(const std::string& folder, const char* file) {
  auto opened = open_group_folder(folder);
  if (!opened) return false;
  std::string list = read_from(opened->get(), file).value_or(std::string());
  while (list.ends_with('\n')) list.pop_back();
  return lists(list, "memory", ' ') && lists(list, "pids", ' ');
}

}  // namespace

GroupPlaces find_own_groups() {
  const auto mounts = os::read_file("/proc/self/mountinfo", kMaxText);
  const auto groups = os::read_file("/proc/self/cgroup", kMaxText);
  if (!mounts || !groups) return {};
  const auto memory = own_folder(*mounts, *groups, "cgroup", "memory");
  const auto pids = own_folder(*mounts, *groups, "cgroup", "pids");
  if (memory && pids && can_make_below(*memory) && can_make_below(*pids))
    return {CgroupMode::v1, *memory, *pids};
  const auto unified = own_folder(*mounts, *groups, "cgroup2", "");
  if (!unified || !can_make_below(*unified)) return {};
  const bool full = has_memory_and_pids(*unified, "cgroup.controllers");
  return {full ? CgroupMode::v2 : CgroupMode::v2_bare, *unified, {}};
}

Result<GroupPlaces> make_group(const GroupPlaces& parent, std::string_view name) {
  GroupPlaces group = parent;
  switch (parent.mode) {
    case CgroupMode::none:
    case CgroupMode::v2_bare:
      return GroupPlaces{};
    case CgroupMode::v1:
      TRY(make_folder(parent.pids, name));
      group.pids += "/" + std::string(name);
      break;
    case CgroupMode::v2: {
      const UniqueFd folder = TRY(open_group_folder(parent.memory));
      // Refused as long as a process is in the parent itself: then there is no wall to be had.
      (void)write_to(folder.get(), "cgroup.subtree_control", "+memory +pids");
      if (!has_memory_and_pids(parent.memory, "cgroup.subtree_control")) return GroupPlaces{};
      break;
    }
  }
  TRY(make_folder(parent.memory, name));
  group.memory += "/" + std::string(name);
  return group;
}

Result<void> give_group(const GroupPlaces& group, std::uint32_t uid, std::uint32_t gid) {
  if (!group.memory.empty()) TRY(give_folder(group.memory, uid, gid));
  if (!group.pids.empty()) TRY(give_folder(group.pids, uid, gid));
  return {};
}

Result<void> remove_group(const GroupPlaces& group) {
  if (!group.memory.empty()) TRY(remove_below(group.memory));
  if (!group.pids.empty()) TRY(remove_below(group.pids));
  return {};
}

std::size_t remove_idle_groups(const GroupPlaces& parent, std::string_view prefix) {
  std::size_t removed = 0;
  for (const std::string& path : {parent.memory, parent.pids}) {
    if (path.empty()) continue;
    auto folder = open_group_folder(path);
    if (!folder) continue;
    auto entries = os::list_folder(folder->get(), kMaxGroups);
    if (!entries) continue;
    for (const os::FolderEntry& entry : *entries) {
      if (entry.type != os::FileType::folder || !entry.name.starts_with(prefix)) continue;
      const std::string group = path + "/" + entry.name;
      auto opened = open_group_folder(group);
      if (!opened) continue;
      // The kernel refuses to remove a group that is in use, or that has others below.
      auto processes = read_from(opened->get(), kProcesses);
      if (processes && processes->empty() && remove_below(group)) ++removed;
    }
  }
  return removed;
}

Result<Group> Group::open(const GroupPlaces& places) {
  Group group;
  group.mode_ = places.mode;
  if (places.mode == CgroupMode::none) return group;
  group.memory_ = TRY(open_group_folder(places.memory));
  if (places.mode == CgroupMode::v1) group.pids_ = TRY(open_group_folder(places.pids));
  return group;
}

Result<void> Group::set_limits(const GroupLimits& limits) const {
  const std::string memory = std::to_string(limits.memory);
  const std::string processes = std::to_string(limits.processes);
  if (mode_ == CgroupMode::v2) {
    TRY(write_to(memory_.get(), "memory.max", memory));
    // A kernel without swap accounting has no such file.
    auto swap = write_to(memory_.get(), "memory.swap.max", "0");
    if (!swap && swap.error().kind() != ErrorKind::not_found) return swap;
    (void)write_to(memory_.get(), "memory.oom.group", "1");
    return write_to(memory_.get(), "pids.max", processes);
  }
  if (mode_ != CgroupMode::v1) return {};
  TRY(write_to(pids_.get(), "pids.max", processes));
  // Memory with swap may never be the smaller one: up, the second goes first; down, the first.
  constexpr const char* kMemory = "memory.limit_in_bytes";
  constexpr const char* kWithSwap = "memory.memsw.limit_in_bytes";
  auto swap = write_to(memory_.get(), kWithSwap, memory);
  TRY(write_to(memory_.get(), kMemory, memory));
  if (!swap && swap.error().kind() != ErrorKind::not_found)
    return write_to(memory_.get(), kWithSwap, memory);
  return {};
}

Result<void> Group::join() const {
  if (mode_ == CgroupMode::none) return {};
  TRY(write_to(memory_.get(), kProcesses, "0"));
  if (pids_) TRY(write_to(pids_.get(), kProcesses, "0"));
  return {};
}

Result<std::uint64_t> Group::memory_kills() const {
  if (mode_ == CgroupMode::v2)
    return field(TRY(read_from(memory_.get(), "memory.events")), "oom_kill");
  if (mode_ == CgroupMode::v1)
    return field(TRY(read_from(memory_.get(), "memory.oom_control")), "oom_kill");
  return std::uint64_t{0};
}

}  // namespace glovebox::box
