#include "box/disk_watch.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"
#include "os/space.h"

namespace glovebox::box {

namespace {

constexpr int kBroken = 70;
constexpr std::size_t kMostEntries = 10'000'000;

struct Level {
  UniqueFd folder;
  std::vector<std::string> rest;  // folders in it that were not visited yet
};

constexpr std::size_t kDeepest = 200;  // open descriptors at one time

}  // namespace

Result<DiskUse> disk_use(int folder, std::uint64_t enough) {
  const std::uint64_t device = TRY(os::facts_of(folder)).device;
  DiskUse use;
  std::vector<Level> levels;
  const auto enter = [&](UniqueFd opened) -> void {
    Level level{std::move(opened), {}};
    auto entries = os::list_folder(level.folder.get(), kMostEntries);
    if (!entries) {
      use.complete = false;
      return;
    }
    for (os::FolderEntry& entry : *entries) {
      const auto facts = os::facts_at(level.folder.get(), entry.name);
      if (!facts && facts.error().kind() != ErrorKind::not_found) use.complete = false;
      if (!facts || facts->device != device) continue;
      use.bytes += std::max(facts->allocated, kNameCost);
      if (facts->type == os::FileType::folder) level.rest.push_back(std::move(entry.name));
    }
    levels.push_back(std::move(level));
  };
  enter(TRY(os::open_at(folder, ".", O_RDONLY | O_DIRECTORY)));
  while (!levels.empty() && use.bytes < enough) {
    if (levels.back().rest.empty()) {
      levels.pop_back();
      continue;
    }
    const std::string name = std::move(levels.back().rest.back());
    levels.back().rest.pop_back();
    if (levels.size() >= kDeepest) {
      use.complete = false;
      continue;
    }
    auto next = os::open_at(levels.back().folder.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (next) {
      enter(std::move(*next));
    } else if (next.error().kind() != ErrorKind::not_found) {
      use.complete = false;
    }
  }
  return use;
}

void DiskWatch::begin() {
  if (counted_) return;
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return;
  if (auto space = os::space_of(folder->get())) free_ = space->free_bytes;
  if (auto names = os::free_names(folder->get())) free_names_ = *names;
}

std::optional<DiskUse> DiskWatch::count(std::uint64_t limit, const IdMap& ids) const {
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return std::nullopt;
  const std::uint32_t uid = os::effective_uid();
  const std::uint32_t gid = os::effective_gid();
  const bool other = ids.outside_uid != uid || ids.outside_gid != gid;
  if (other && !os::act_as(ids.outside_uid, ids.outside_gid)) return std::nullopt;
  const auto used = disk_use(folder->get(), limit + 1);
  if (other) {
    // Back, or not at all; and the kernel forgot the signal for the boxer's death.
    if (!os::act_as(uid, gid) || !os::die_with_parent()) os::exit_now(kBroken);
  }
  return used ? std::optional(*used) : std::nullopt;
}

DiskWatch::Verdict DiskWatch::look(std::uint64_t limit, const IdMap& ids) {
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return Verdict::fits;
  const auto space = os::space_of(folder->get());
  if (!space) return Verdict::fits;
  const auto names = os::free_names(folder->get());
  if (!names) return Verdict::fits;
  const auto fell = [](std::uint64_t from, std::uint64_t to) { return from > to ? from - to : 0; };
  const std::uint64_t fallen =
      fell(free_, space->free_bytes) + fell(free_names_, *names) * kNameCost;
  const std::uint64_t left = limit > used_ ? limit - used_ : 0;
  if (counted_ && fallen <= left) return Verdict::fits;
  const auto counted = count(limit, ids);
  const std::uint64_t most = used_ + fallen;
  if (!counted) {
    used_ = most;
  } else {
    used_ = counted->complete ? counted->bytes : std::max(counted->bytes, most);
  }
  free_ = space->free_bytes;
  free_names_ = *names;
  counted_ = true;
  return used_ > limit ? Verdict::too_much : Verdict::fits;
}

}  // namespace glovebox::box
