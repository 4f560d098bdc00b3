#include "box/disk_watch.h"

#include <fcntl.h>

#include <string>
#include <utility>
#include <vector>

#include "os/file.h"
#include "os/identity.h"
#include "os/process.h"

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

Result<std::uint64_t> disk_use(int folder, std::uint64_t enough) {
  const std::uint64_t device = TRY(os::facts_of(folder)).device;
  std::uint64_t sum = 0;
  std::vector<Level> levels;
  const auto enter = [&](UniqueFd opened) -> void {
    Level level{std::move(opened), {}};
    auto entries = os::list_folder(level.folder.get(), kMostEntries);
    if (!entries) return;
    for (os::FolderEntry& entry : *entries) {
      const auto facts = os::facts_at(level.folder.get(), entry.name);
      if (!facts || facts->device != device) continue;
      sum += facts->allocated;
      if (facts->type == os::FileType::folder) level.rest.push_back(std::move(entry.name));
    }
    levels.push_back(std::move(level));
  };
  enter(TRY(os::open_at(folder, ".", O_RDONLY | O_DIRECTORY)));
  while (!levels.empty() && sum < enough) {
    if (levels.back().rest.empty()) {
      levels.pop_back();
      continue;
    }
    const std::string name = std::move(levels.back().rest.back());
    levels.back().rest.pop_back();
    if (levels.size() >= kDeepest) continue;
    auto next = os::open_at(levels.back().folder.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (next) enter(std::move(*next));
  }
  return sum;
}

void DiskWatch::begin() {
  if (counted_) return;
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return;
  if (auto space = os::space_of(folder->get())) free_ = space->free_bytes;
}

std::uint64_t DiskWatch::count(std::uint64_t limit, const IdMap& ids) const {
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return used_;
  const std::uint32_t uid = os::effective_uid();
  const std::uint32_t gid = os::effective_gid();
  const bool other = ids.outside_uid != uid || ids.outside_gid != gid;
  if (other && !os::act_as(ids.outside_uid, ids.outside_gid)) return used_;
  const auto used = disk_use(folder->get(), limit + 1);
  if (other) {
    // Back, or not at all; and the kernel forgot the signal for the boxer's death.
    if (!os::act_as(uid, gid) || !os::die_with_parent()) os::exit_now(kBroken);
  }
  return used ? *used : used_;
}

DiskWatch::Verdict DiskWatch::look(std::uint64_t limit, const IdMap& ids) {
  auto folder = os::open_path(workspace_, O_PATH | O_DIRECTORY);
  if (!folder) return Verdict::fits;
  const auto space = os::space_of(folder->get());
  if (!space) return Verdict::fits;
  const std::uint64_t fallen = free_ > space->free_bytes ? free_ - space->free_bytes : 0;
  const std::uint64_t left = limit > used_ ? limit - used_ : 0;
  if (counted_ && fallen <= left) return Verdict::fits;
  used_ = count(limit, ids);
  free_ = space->free_bytes;
  counted_ = true;
  return used_ > limit ? Verdict::too_much : Verdict::fits;
}

}  // namespace glovebox::box
